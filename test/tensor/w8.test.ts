/**
 * W8A16 against its written definition: small cases worked by hand, properties, and the int8 word embeddings that PyTorch made of the real
 * MiniLM's f32 ones (the table of minilm-l6-sst2 was frozen while fine-tuning, so both files hold the same rows).
 */

import { closeSync, openSync, readSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { activationLimit, dequantize, quantizeActivationRow, quantizeWeightRows, roundHalfEven } from "../../src/tensor/w8.ts";
import { needsShared, sharedData } from "../shared.ts";

describe("roundHalfEven", () => {
  it("rounds to the nearest integer, ties to the even one", () => {
    const cases = [0, 0, 0.5, 0, 1.5, 2, 2.5, 2, -0.75, -1, -1.5, -2, 126.5, 126, 32766.5, 32766, 32767, 32767, -32766.75, -32767];
    for (let i = 0; i < cases.length; i += 2) expect(roundHalfEven(cases[i]!)).toBe(cases[i + 1]!);
  });
});

describe("quantizeWeightRows", () => {
  it("uses absmax / 127 a row and rounds ties to even", () => {
    // Row 0 has scale 1: 0.5 -> 0, 1.5 -> 2. Row 1 is zeros. Row 2 has scale 2.
    const { values, scale } = quantizeWeightRows(Float32Array.of(127, 0.5, 1.5, 0, 0, 0, -254, 3, 5), 3, 3);
    expect([...values]).toEqual([127, 0, 2, 0, 0, 0, -127, 2, 2]);
    expect([...scale]).toEqual([1, 1, 2]);
  });

  it("never leaves [-127, 127] and errs by at most half a step, down to the smallest rows", () => {
    for (const magnitude of [1e30, 1, 1e-20, 1e-35, 2 ** -119, 2 ** -130, 1e-45]) {
      const weight = Float32Array.from({ length: 64 }, (_, k) => Math.sin(k * k) * magnitude);
      const { values, scale } = quantizeWeightRows(weight, 4, 16);
      values.forEach((q, i) => {
        const step = scale[i >> 4]!;
        expect(Math.abs(q)).toBeLessThanOrEqual(127);
        // Half a step, and the rounding of the stored scale: 127 * 2^-24 of a step.
        const bound = magnitude < 2 ** -118 ? 2 ** -118 : step * (0.5 + 127 * 2 ** -24);
        expect(Math.abs(q * step - weight[i]!)).toBeLessThanOrEqual(bound);
      });
    }
  });
});

describe("activations", () => {
  it("are limited so that no int32 sum overflows, and by 32767", () => {
    const K = 1536;
    const large = new Int8Array(2 * K).fill(127, K);
    const limit = activationLimit(large, 2, K);
    expect(limit).toBe(11008); // floor((2^31 - 1) / (127 * 1536))
    expect(limit * 127 * K).toBeLessThanOrEqual(2 ** 31 - 1);
    expect((limit + 1) * 127 * K).toBeGreaterThan(2 ** 31 - 1);
    expect(activationLimit(new Int8Array(4), 2, 2)).toBe(32767);
    expect(activationLimit(Int8Array.of(-128, 0), 1, 2)).toBe(32767);
  });

  it("keep the largest magnitude at the limit and err by half a step", () => {
    for (const limit of [32767, 11008, 129, 1]) {
      const x = Float32Array.from({ length: 31 }, (_, k) => Math.cos(k * 1.7) * 3.3);
      const q = new Int16Array(31);
      const scale = quantizeActivationRow(q, x, 0, 31, limit);
      expect(Math.max(...q.map(Math.abs))).toBe(limit);
      // The reciprocal and the product each round by 2^-24 relative: at most limit * 2^-22 steps beyond the half.
      x.forEach((value, k) => {
        expect(Math.abs(q[k]! * scale - value)).toBeLessThanOrEqual(scale * (0.5 + limit * 2 ** -22));
      });
    }
  });

  it("of zeros, of the tiniest numbers and of NaN have a defined result", () => {
    const q = new Int16Array(2).fill(7);
    expect(quantizeActivationRow(q, new Float32Array(2), 0, 2, 32767)).toBe(0);
    expect([...q]).toEqual([0, 0]);
    expect(quantizeActivationRow(q, Float32Array.of(1e-40, 0), 0, 2, 32767)).toBe(0);
    expect([...q]).toEqual([0, 0]);
    expect(dequantize(0, quantizeActivationRow(q, Float32Array.of(Number.NaN, 1), 0, 2, 32767), 0.5, 1)).toBeNaN();
    expect(dequantize(0, quantizeActivationRow(q, Float32Array.of(Number.POSITIVE_INFINITY, 1), 0, 2, 32767), 0.5, 1)).toBeNaN();
  });

  it("give f32(acc) * (rowScale * channelScale) + bias, each step rounded to f32", () => {
    expect(dequantize(16777217, 1, 1, 0)).toBe(16777216); // acc rounds to f32, ties to even
    expect(dequantize(3, 0.1, 0.1, 1)).toBe(Math.fround(Math.fround(3 * Math.fround(Math.fround(0.1 * 0.1))) + 1));
  });
});

needsShared("models/minilm-l6-sst2")("the real word embeddings", () => {
  it("become exactly the int8 rows and scales that PyTorch wrote", { timeout: 60_000 }, () => {
    const rows = 2000; // of 30,522: a fixed stretch, with [PAD], [unused...] and the first real words
    const name = "embeddings.word_embeddings.weight";
    const original = readTensor("models/all-MiniLM-L6-v2/model.safetensors", name, rows * 384 * 4);
    const int8 = readTensor("models/minilm-l6-sst2/model.safetensors", `bert.${name}`, rows * 384);
    const scales = readTensor("models/minilm-l6-sst2/model.safetensors", `bert.${name}_scale`, rows * 4);
    const { values, scale } = quantizeWeightRows(new Float32Array(original.buffer), rows, 384);
    expect(Buffer.compare(Buffer.from(values.buffer), int8)).toBe(0);
    expect(Buffer.compare(Buffer.from(scale.buffer), scales)).toBe(0);
  });
});

/** The first `length` bytes of a tensor, in a buffer of its own. */
function readTensor(path: string, name: string, length: number): Uint8Array<ArrayBuffer> {
  const file = openSync(sharedData(path)!, "r");
  try {
    const size = new Uint8Array(8);
    readSync(file, size, 0, 8, 0);
    const headerLength = new DataView(size.buffer).getUint32(0, true);
    const headerBytes = new Uint8Array(headerLength);
    readSync(file, headerBytes, 0, headerLength, 8);
    const header: Record<string, { data_offsets: [number, number] }> = JSON.parse(new TextDecoder().decode(headerBytes));
    const bytes = new Uint8Array(length);
    readSync(file, bytes, 0, length, 8 + headerLength + header[name]!.data_offsets[0]);
    return bytes;
  } finally {
    closeSync(file);
  }
}
