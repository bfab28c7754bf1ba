/** CrossEncoder against sentence-transformers 6.2.0: predict with one and several labels and each activation, rank, and shortened inputs. */

import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { CrossEncoder, type PredictOptions } from "../../src/tasks/cross-encoder.ts";
import { needsShared, sharedData } from "../shared.ts";
import { expectLike } from "./goldens.ts";

interface CrossCase {
  model: string;
  params: { max_length?: number };
  pairs: [string, string][];
  predict: unknown;
  predict_identity: unknown;
  predict_sigmoid: unknown;
  predict_apply_softmax: unknown;
  rank: Ranking;
  rank_top3: Ranking;
}
interface Ranking {
  query: string;
  documents: string[];
  result: { corpus_id: number; score: number; text?: string }[];
  error?: string;
}

function filesOf(folder: string, maxLength: number | undefined): Map<string, Uint8Array> {
  const files = new Map(readdirSync(folder).map((name) => [name, new Uint8Array(readFileSync(`${folder}/${name}`))]));
  if (maxLength === undefined) return files;
  const config = JSON.parse(new TextDecoder().decode(files.get("tokenizer_config.json"))) as object;
  return files.set("tokenizer_config.json", new TextEncoder().encode(JSON.stringify({ ...config, model_max_length: maxLength })));
}

needsShared("golden/sentence-transformers")("CrossEncoder goldens", () => {
  const root = sharedData("golden") ?? "";
  if (root === "") return;
  const { cross_encoder: cases } = JSON.parse(readFileSync(`${root}/sentence-transformers/util.json`, "utf8")) as {
    cross_encoder: CrossCase[];
  };
  test.each(cases.map((each) => [each.model, each.params.max_length ?? "full length", each] as const))(
    "%s, %s",
    async (_model, _length, each) => {
      const encoder = await CrossEncoder.load(filesOf(`${root}/${each.model}`, each.params.max_length), { device: "reference" });
      const cut: number[] = [];
      const predict = (options: PredictOptions) => encoder.predict(each.pairs, { ...options, onTruncate: (index) => cut.push(index) });
      expectLike(await predict({}), each.predict, "predict");
      expectLike(await predict({ activation: "identity" }), each.predict_identity, "identity");
      expectLike(await predict({ activation: "sigmoid" }), each.predict_sigmoid, "sigmoid");
      expectLike(await predict({ activation: "softmax" }), each.predict_apply_softmax, "softmax");
      expect(cut).toContain(5); // the long document
      if (each.rank.error !== undefined) {
        await expect(encoder.rank("query", ["a", "b"])).rejects.toThrow(
          /has 3 labels \(entailment, neutral, contradiction\); ranking needs a model with one/,
        );
      } else {
        const { query, documents } = each.rank;
        const onTruncate = () => undefined;
        expectLike(await encoder.rank(query, documents, { onTruncate }), each.rank.result, "rank");
        expectLike(
          await encoder.rank(query, documents, { onTruncate, topK: 3, returnDocuments: true }),
          each.rank_top3.result,
          "rank top 3",
        );
      }
      encoder.dispose();
    },
  );

  test("a document that is no string is named by its place", async () => {
    const encoder = await CrossEncoder.load(`${root}/tiny/bert-seqcls-1-reranker`, { device: "reference" });
    await expect(encoder.rank("a", ["b", null as unknown as string])).rejects.toThrow(/documents\[1\]: expected a string, found null/);
    expect(await encoder.rank("a", [])).toEqual([]);
    encoder.dispose();
  });
});
