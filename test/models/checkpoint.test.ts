/** What a checkpoint may hold: missing, mis-shaped, unknown and surplus tensors; int8 files; dtypes. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { ConfigError, WeightError } from "../../src/errors.ts";
import { loadModelFromFiles } from "../../src/models/load.ts";
import { quantizeModel } from "../../src/models/quantize.ts";
import type { ModelOptions } from "../../src/models/types.ts";
import { type DType, parseSafetensors, serializeSafetensors } from "../../src/safetensors/index.ts";
import { fixture } from "../shared.ts";
import { folderFiles } from "./folder.ts";
import { goldenInputs, maxAbsDifference, readGolden } from "./golden.ts";

type Tensors = Map<string, { dtype: DType; shape: readonly number[]; data: Uint8Array }>;

/** Loads a fixture after `change` had its way with the tensors. */
async function loadChanged(folder: string, change: (tensors: Tensors) => void, options: ModelOptions = {}) {
  const file = parseSafetensors(new Uint8Array(readFileSync(join(folder, "model.safetensors"))));
  const tensors: Tensors = new Map();
  for (const [name, { dtype, shape }] of file.tensors) tensors.set(name, { dtype, shape, data: await file.bytes(name) });
  change(tensors);
  return loadModelFromFiles(folderFiles(folder, { "model.safetensors": serializeSafetensors(tensors) }), {
    device: "reference",
    ...options,
  });
}

const bert = fixture("tiny/bert");
const reranker = fixture("tiny/bert-seqcls-1-reranker");
const rename = (tensors: Tensors, from: string, to: string) => {
  tensors.set(to, tensors.get(from)!);
  tensors.delete(from);
};

describe("tensors that do not fit", () => {
  test("a missing tensor is named with its shape and what the file has nearby", async () => {
    const loading = loadChanged(bert, (tensors) => tensors.delete("encoder.layer.1.attention.self.key.weight"));
    await expect(loading).rejects.toBeInstanceOf(WeightError);
    await expect(loading).rejects.toThrow(
      /expected the tensor encoder\.layer\.1\.attention\.self\.key\.weight \[40,40\], which is missing; the file has "encoder\.layer\.\d\.attention\.self\.key\.weight" \[40,40\]/,
    );
  });

  test("a misspelt tensor: the missing name is the error, the file's spelling is shown", async () => {
    const loading = loadChanged(bert, (tensors) =>
      rename(tensors, "encoder.layer.0.output.dense.weight", "encoder.layer.0.output.dense.kernel"),
    );
    await expect(loading).rejects.toThrow(/encoder\.layer\.0\.output\.dense\.weight \[40,77\], which is missing/);
  });

  test("a mis-shaped tensor is named with both shapes", async () => {
    const loading = loadChanged(bert, (tensors) => {
      const { dtype, data } = tensors.get("pooler.dense.weight")!;
      tensors.set("pooler.dense.weight", { dtype, shape: [20, 80], data });
    });
    await expect(loading).rejects.toBeInstanceOf(WeightError);
    await expect(loading).rejects.toThrow("expected the tensor pooler.dense.weight to be [40,40] as config.json says, found [20,80]");
  });

  test("an integer where floats belong", async () => {
    const loading = loadChanged(bert, (tensors) => {
      const { shape, data } = tensors.get("pooler.dense.bias")!;
      tensors.set("pooler.dense.bias", { dtype: "I32", shape, data });
    });
    await expect(loading).rejects.toThrow("expected the tensor pooler.dense.bias to hold floats, found I32 [40]");
  });

  test("any unknown name is an error; names of other heads, poolers and buffers are listed", async () => {
    const one = { dtype: "F32" as const, shape: [1], data: new Uint8Array(4) };
    const strange = loadChanged(bert, (tensors) => tensors.set("encoder.layer.3.output.dense.bias", one));
    await expect(strange).rejects.toBeInstanceOf(WeightError);
    await expect(strange).rejects.toThrow("1 tensor is unknown to this architecture: encoder.layer.3.output.dense.bias [1]");
    const known = ["cls.predictions.bias", "classifier.weight", "qa_outputs.bias", "embeddings.position_ids"];
    const model = await loadChanged(bert, (tensors) => known.forEach((name) => void tensors.set(name, one)));
    expect([...model.unusedTensors].sort()).toEqual([...known].sort());
    model.dispose();
  });

  test("DeBERTa: the masked LMs that published files bring are another head's, whichever of them config.json would take", async () => {
    const one = { dtype: "F32" as const, shape: [1], data: new Uint8Array(4) };
    const known = [
      "lm_predictions.lm_head.bias",
      "mask_predictions.dense.weight",
      "cls.predictions.bias",
      "deberta.embeddings.position_embeddings.weight",
    ];
    const model = await loadChanged(fixture("saved/deberta-mlm"), (tensors) => known.forEach((name) => void tensors.set(name, one)), {
      architecture: "DebertaV2Model",
    });
    expect(model.unusedTensors).toEqual(expect.arrayContaining(known));
    model.dispose();
  });

  test("a head that needs the pooler says so; the bare encoder does without", async () => {
    const withoutPooler = (tensors: Tensors) =>
      [...tensors.keys()].filter((name) => name.includes("pooler")).forEach((name) => void tensors.delete(name));
    await expect(loadChanged(reranker, withoutPooler)).rejects.toThrow("bert.pooler.dense.weight [24,24], which is missing");
    const model = await loadChanged(reranker, withoutPooler, { architecture: "BertModel" });
    const output = await model.forward([{ ids: [1, 2] }]);
    expect(output.pooled).toBeUndefined();
    expect(output.logits).toBeUndefined();
    expect([...model.unusedTensors].sort()).toEqual(["classifier.bias", "classifier.weight"]);
    model.dispose();
  });

  test("no weights at all", async () => {
    const files = folderFiles(fixture("tiny"), { "config.json": new TextEncoder().encode('{"model_type":"bert"}') });
    await expect(loadModelFromFiles(files)).rejects.toThrow("expected model.safetensors or model.safetensors.index.json, found neither");
  });
});

describe("loading", () => {
  test("progress rises to the total; an abort stops between tensors", async () => {
    const seen: { loaded: number; total: number | undefined }[] = [];
    const controller = new AbortController();
    const model = await loadModelFromFiles(folderFiles(bert), {
      device: "reference",
      onProgress: ({ phase, unit, loaded, total }) => {
        expect([phase, unit]).toEqual(["load", "bytes"]);
        seen.push({ loaded, total });
      },
    });
    model.dispose();
    expect(seen.length).toBeGreaterThan(40);
    for (let i = 1; i < seen.length; i++) expect(seen[i]!.loaded).toBeGreaterThanOrEqual(seen[i - 1]!.loaded);
    expect(seen.at(-1)!.loaded).toBe(seen[0]!.total);
    let tensors = 0;
    const aborted = loadModelFromFiles(folderFiles(bert), {
      device: "reference",
      signal: controller.signal,
      onProgress: () => {
        if (++tensors === 3) controller.abort(new Error("changed my mind"));
      },
    });
    await expect(aborted).rejects.toThrow("changed my mind");
    expect(tensors).toBe(3);
  });
});

describe("int8 files", () => {
  test("the quantiser takes encoder and words, keeps the rest, drops buffers, and writes a config that says so", async () => {
    const { weights, config, counts } = await quantizeModel(folderFiles(fixture("bert-variants/extra-buffers")));
    const file = parseSafetensors(weights);
    const int8 = [...file.tensors].filter(([, { dtype }]) => dtype === "I8").map(([name]) => name);
    expect(int8).toHaveLength(1 + 2 * 6);
    expect(counts.int8).toBe(int8.length);
    for (const name of int8) {
      expect(name).toMatch(/^encoder\.layer\.\d\..*\.weight$|^embeddings\.word_embeddings\.weight$/);
      expect(file.tensors.get(`${name}_scale`)).toMatchObject({ dtype: "F32", shape: [file.tensors.get(name)!.shape[0], 1] });
    }
    expect(file.tensors.get("pooler.dense.weight")!.dtype).toBe("F32");
    expect([...file.tensors.keys()].filter((name) => /_ids$/.test(name))).toEqual([]);
    const { quantization_config } = JSON.parse(config);
    expect(quantization_config).toMatchObject({ quant_method: "compressed-tensors", format: "int-quantized", ignore: ["pooler.dense"] });
    expect(quantization_config.config_groups.group_0.targets).toEqual(["Linear", "re:.*word_embeddings"]);
  });

  test("one scale for all rows, [N] scales and the value -128 are accepted; a missing scale is not", async () => {
    const golden = readGolden(bert);
    const inputs = await goldenInputs(golden, "single.1");
    const name = "encoder.layer.0.attention.self.query.weight";
    const put = (scales: number[], shape: number[]) => (tensors: Tensors) => {
      const values = Int8Array.from({ length: 1600 }, (_, i) => (i % 256) - 128);
      tensors.set(name, { dtype: "I8", shape: [40, 40], data: new Uint8Array(values.buffer) });
      if (shape.length > 0) tensors.set(`${name}_scale`, { dtype: "F32", shape, data: new Uint8Array(Float32Array.from(scales).buffer) });
    };
    const outputs = [];
    for (const change of [put([0.01], [1]), put(new Array(40).fill(0.01), [40]), put(new Array(40).fill(0.01), [40, 1])]) {
      const model = await loadChanged(bert, change, { dtype: "f32" });
      outputs.push((await model.forward(inputs)).lastHiddenState[0]!.data);
      model.dispose();
    }
    expect(maxAbsDifference(outputs[0]!, outputs[1]!)).toBe(0);
    expect(maxAbsDifference(outputs[0]!, outputs[2]!)).toBe(0);
    await expect(loadChanged(bert, put([], []))).rejects.toThrow(`${name} is int8 and needs ${name}_scale [40, 1], which is missing`);
    await expect(loadChanged(bert, put([1, 2], [2]))).rejects.toThrow("found [2]");
  });

  test("other quantised formats and dtypes are refused by name", async () => {
    const config = (quantization_config: object) => {
      const values = { ...JSON.parse(readFileSync(join(bert, "config.json"), "utf8")), quantization_config };
      return folderFiles(bert, { "config.json": new TextEncoder().encode(JSON.stringify(values)) });
    };
    const loading = loadModelFromFiles(config({ quant_method: "gptq" }));
    await expect(loading).rejects.toBeInstanceOf(ConfigError);
    await expect(loading).rejects.toThrow('quantization_config: expected compressed-tensors int-quantized, or none, found "gptq"');
    await expect(quantizeModel(config({ quant_method: "compressed-tensors" }))).rejects.toThrow("is quantised already");
    await expect(loadModelFromFiles(folderFiles(bert), { dtype: "int4" as "w8" })).rejects.toThrow(
      'dtype: expected one of "auto", "f32", "w8", found "int4"',
    );
  });
});
