/**
 * Scratch holds whatever was there before, and after int8 work that reads as NaN. So it is filled with NaN before each pass: no bit of any output
 * may change, in f32 and w8, for every family, alone, in a batch, and with everything asked for.
 */
import { createHash } from "node:crypto";
import { readdirSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { EncoderModel } from "../../src/models/encoder-model.ts";
import { loadModelFromFiles } from "../../src/models/load.ts";
import type { ModelInput, ModelOutput } from "../../src/models/types.ts";
import { fixture } from "../shared.ts";
import { folderFiles } from "./folder.ts";

/** Lengths around the kernels' tiles of rows and lanes. */
const LENGTHS = [1, 2, 3, 5, 9, 16, 17, 60];
const OUTPUTS = ["lastHiddenState", "pooled", "logits", "startLogits", "endLogits", "seqRelationshipLogits"] as const;

/** All memory above the constants becomes 0xff: NaN in f32, -1 in every integer. */
function poison(model: EncoderModel): void {
  const backend = model.backend as unknown as { live(): { constantBytes: number; bytes: Uint8Array } };
  const { constantBytes, bytes } = backend.live();
  bytes.fill(0xff, constantBytes);
}

/** The bits of all outputs of text i, as one string: compared at once, and short to report. */
function bitsOf(output: ModelOutput, i: number): string {
  const parts = OUTPUTS.flatMap((name) => output[name]?.[i]?.data ?? []);
  return createHash("sha256")
    .update(Buffer.concat(parts.map(({ buffer, byteOffset, byteLength }) => Buffer.from(buffer, byteOffset, byteLength))))
    .digest("hex");
}

describe.each(readdirSync(fixture("tiny")))("%s", (folder) => {
  test.each(["f32", "w8"] as const)("%s", async (dtype) => {
    const model = await loadModelFromFiles(folderFiles(fixture(`tiny/${folder}`)), { device: "wasm", dtype, threads: 1 });
    const V = model.config.vocab_size as number;
    const batch = LENGTHS.map((S, b): ModelInput => ({ ids: Array.from({ length: S }, (_, s) => (31 * s + 17 * b + 3) % V) }));
    const options = { choices: 1 };
    const clean = await model.forward(batch, options);
    poison(model);
    const dirty = await model.forward(batch, options);
    poison(model);
    const full = await model.forward(batch, { ...options, hiddenStates: true, attentions: true });
    for (const i of batch.keys()) {
      const expected = bitsOf(clean, i);
      expect(clean.lastHiddenState[i]!.data.every(Number.isFinite)).toBe(true);
      expect(bitsOf(dirty, i), `text ${i} after NaN`).toBe(expected);
      expect(bitsOf(full, i), `text ${i} with hidden states and attentions`).toBe(expected);
      poison(model);
      expect(bitsOf(await model.forward([batch[i]!], options), 0), `text ${i} alone`).toBe(expected);
    }
    model.dispose();
  });
});
