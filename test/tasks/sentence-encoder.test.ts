/**
 * SentenceEncoder against sentence-transformers 6.2.0 (goldens in ../shared): pooling modes in both spellings of their configuration,
 * Dense, Normalize, truncation, prompts, precision, similarity. Vectors agree within 1e-5 (float32 runs, values up to 3).
 */

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parseSafetensors } from "../../src/safetensors/index.ts";
import { type EncodeTextOptions, SentenceEncoder } from "../../src/tasks/sentence-encoder.ts";
import { needsShared, sharedData } from "../shared.ts";

interface EncodeCase {
  tensor: string;
  dtype: string;
  shape: number[];
  pooling?: string | string[];
  saved_config?: unknown;
  old_config?: unknown;
  note?: string;
  normalize_embeddings?: boolean;
  truncate_dim?: number;
  precision?: string;
  modules?: string;
  max_seq_length?: number;
  folder?: string;
  call?: string;
  prompt?: string;
  prompt_name?: string;
  include_prompt?: boolean;
  default_prompt_name?: string;
  prompts?: Record<string, string>;
  similarity_fn_name?: string;
  output_value?: string;
}

const TOLERANCE = 1e-5;

needsShared("golden/sentence-transformers")("sentence-transformers goldens", () => {
  const root = sharedData("golden/sentence-transformers") ?? "";
  if (root === "") return;
  const { texts, cases } = JSON.parse(readFileSync(join(root, "encode.json"), "utf8")) as { texts: string[]; cases: EncodeCase[] };
  const golden = parseSafetensors(new Uint8Array(readFileSync(join(root, "encode.safetensors"))));
  const rowsOf = async (name: string) => {
    const floats = await golden.floats(name);
    const C = golden.tensors.get(name)!.shape[1] ?? 1;
    return Array.from({ length: floats.length / C }, (_, i) => floats.slice(i * C, (i + 1) * C));
  };

  for (const each of cases) {
    if (each.output_value === "token_embeddings" || each.tensor.startsWith("similarity_pairwise")) continue;
    test(each.tensor, async () => {
      const encoder = await SentenceEncoder.load(sourceOf(root, each), { device: "reference" });
      const options = optionsOf(each);
      const expected = await rowsOf(each.tensor);
      if (each.tensor.includes("similarity")) {
        const vectors = await encoder.encode(texts, options);
        expectRows(encoder.similarity(vectors, vectors), expected);
      } else if (each.precision !== undefined) {
        const calibration = await encoder.encode(texts, options);
        const found = await encoder.encode(texts, { ...options, precision: each.precision as "int8", calibration });
        expectQuantised(
          found.map((row) => Float32Array.from(row)),
          expected,
        );
      } else {
        const vectors =
          each.note === "each text alone"
            ? await Promise.all(texts.map((text) => encoder.encode(text, options)))
            : await encoder.encode(texts, options);
        expectRows(vectors, expected);
        expect(vectors[0]!.length).toBe(each.truncate_dim ?? encoder.dimension);
      }
      encoder.dispose();
    });
  }
});

/** The golden's model as a Map of files: the encoder, the modules of the case, and their configurations. */
function sourceOf(root: string, each: EncodeCase): Map<string, Uint8Array> {
  const files = new Map<string, Uint8Array>();
  const add = (folder: string) => {
    for (const entry of readdirSync(join(root, folder), { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue;
      const path = join(entry.parentPath ?? entry.path, entry.name);
      files.set(path.slice(join(root, folder).length + 1), new Uint8Array(readFileSync(path)));
    }
  };
  const write = (name: string, value: unknown) => files.set(name, new TextEncoder().encode(JSON.stringify(value)));
  add("encoder");
  const folder = each.folder ?? (each.tensor.startsWith("dense-tanh") ? "model-dense-tanh" : undefined);
  if (folder !== undefined) {
    if (folder === "model-dense-tanh") files.clear(); // the only folder that has the encoder's weights and tokenizer itself
    add(folder);
    return files;
  }
  const names = [
    "Transformer",
    "Pooling",
    ...(each.modules?.includes("Normalize") || each.tensor.startsWith("normalize-module") ? ["Normalize"] : []),
  ];
  write(
    "modules.json",
    names.map((name, idx) => ({
      idx,
      name: `${idx}`,
      path: idx === 0 ? "" : `${idx}_${name}`,
      type: `sentence_transformers.models.${name}`,
    })),
  );
  write("sentence_bert_config.json", { max_seq_length: each.max_seq_length ?? 48, do_lower_case: false });
  const pooling = { embedding_dimension: 24, pooling_mode: each.pooling ?? "mean", include_prompt: each.include_prompt ?? true };
  write("1_Pooling/config.json", each.old_config ?? each.saved_config ?? pooling);
  write("config_sentence_transformers.json", {
    prompts: each.prompts ?? {},
    default_prompt_name: each.default_prompt_name ?? null,
    similarity_fn_name: each.similarity_fn_name ?? null,
  });
  return files;
}

function optionsOf(each: EncodeCase): EncodeTextOptions {
  const promptName =
    each.prompt_name ?? (each.call === "encode_query" ? "query" : each.call === "encode_document" ? "document" : undefined);
  return {
    ...(each.normalize_embeddings && { normalize: true }),
    ...(each.truncate_dim !== undefined && { truncateDim: each.truncate_dim }),
    ...(each.prompt !== undefined && { prompt: each.prompt }),
    ...(promptName !== undefined && { promptName }),
  };
}

function expectRows(found: readonly Float32Array[], expected: readonly Float32Array[]): void {
  expect(found.length).toBe(expected.length);
  expected.forEach((row, i) => {
    expect(found[i]!.length).toBe(row.length);
    const largest = Math.max(...row.map((value, c) => Math.abs(value - found[i]![c]!)));
    expect(largest, `row ${i}`).toBeLessThan(TOLERANCE);
  });
}

/** A value at the edge of a bucket may fall into the next one; anything more is an error. */
function expectQuantised(found: readonly Float32Array[], expected: readonly Float32Array[]): void {
  let different = 0;
  expected.forEach((row, i) => {
    row.forEach((value, c) => {
      const distance = Math.abs(value - found[i]![c]!);
      expect(distance).toBeLessThanOrEqual(1);
      different += distance;
    });
  });
  expect(different).toBeLessThanOrEqual(2);
}
