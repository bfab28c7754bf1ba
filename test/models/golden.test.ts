/**
 * Every tiny model with a float64 golden: outputs within three of PyTorch's own f32 errors, and the same bits alone and in a ragged batch.
 * Some folders are fixtures of this repository; all of them run where ../shared/data is.
 */
import { existsSync, readdirSync } from "node:fs";
import { basename, join } from "node:path";
import { describe, expect, test } from "vitest";
import { FAMILIES } from "../../src/models/families.ts";
import { loadModelFromFiles } from "../../src/models/load.ts";
import { quantizeModel } from "../../src/models/quantize.ts";
import { fixture, needsShared, sharedData } from "../shared.ts";
import { folderFiles } from "./folder.ts";
import { batchDifferences, compareSingles, goldenInputs, maxAbsDifference, namedOutputs, readGolden } from "./golden.ts";

const DEVICES = ["reference", "loops", "wasm"] as const;
/** Where all folders run, not only the fixtures; `npm run validate` runs them on every device. */
const FULL_DEVICES = ["wasm"] as const;
/**
 * w8 against f32 with the same int8 weights differs by the rounding of activations to int16 alone: half a step of 1/32767 of the row's largest
 * value in each product, so 1.5e-5 of it a product at the very worst times sqrt(K) <= 9 of a random sum, through 12 products: 1.6e-3.
 */
const W8_ACTIVATION_BOUND = 1.6e-3;

function foldersOf(root: string | undefined): string[] {
  if (root === undefined || !existsSync(root)) return [];
  return readdirSync(root, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => join(root, entry.name));
}

function testFolder(folder: string, device: (typeof DEVICES)[number]): void {
  test(`${folder.split("/").slice(-2).join("/")} on ${device}`, async () => {
    const golden = readGolden(folder);
    const model = await loadModelFromFiles(folderFiles(folder), { device });
    expect(model.architecture).toBe(golden.className);
    const differences = await compareSingles(model, golden);
    expect(differences.length).toBeGreaterThan(0);
    for (const { output, max, allowed } of differences) expect(max, output).toBeLessThanOrEqual(allowed);
    expect(await batchDifferences(model, golden)).toEqual([]);
    model.dispose();
  });
}

describe("golden fixtures", () => {
  for (const device of DEVICES)
    for (const set of ["tiny", "bert-variants"]) for (const folder of foldersOf(fixture(set))) testFolder(folder, device);
});

needsShared("golden/tiny")("all golden models of the supported families", () => {
  const supported = (folder: string) => FAMILIES.some(({ className }) => readGolden(folder).className.startsWith(className));
  const folders = [...foldersOf(sharedData("golden/tiny")), ...foldersOf(sharedData("golden/bert-variants"))].filter(supported);
  for (const device of FULL_DEVICES) for (const folder of folders) testFolder(folder, device);
});

describe("w8: the same fixtures, quantised while loading", () => {
  for (const device of DEVICES) {
    for (const folder of foldersOf(fixture("tiny"))) {
      test(`${basename(folder)} on ${device}`, async () => {
        const golden = readGolden(folder);
        const files = folderFiles(folder);
        const { weights, config } = await quantizeModel(files);
        const quantized = folderFiles(folder, { "model.safetensors": weights, "config.json": new TextEncoder().encode(config) });
        const w8 = await loadModelFromFiles(files, { device, dtype: "w8" });
        const fromDisk = await loadModelFromFiles(quantized, { device });
        const f32 = await loadModelFromFiles(quantized, { device, dtype: "f32" });
        expect([w8.dtype, fromDisk.dtype, f32.dtype]).toEqual(["w8", "w8", "f32"]);
        for (let i = 0; i < golden.texts; i++) {
          const inputs = await goldenInputs(golden, `single.${i}`);
          const [a, b, c] = await Promise.all(
            [w8, fromDisk, f32].map(async (m) => namedOutputs(await m.forward(inputs), 0, golden.className)),
          );
          for (const [name, values] of a!) {
            expect(maxAbsDifference(values, b!.get(name)!), `${name}: quantised while loading and on disk`).toBe(0);
            const dequantized = c!.get(name)!;
            const largest = dequantized.reduce((max, value) => Math.max(max, Math.abs(value)), 0);
            expect(maxAbsDifference(values, dequantized) / largest, name).toBeLessThanOrEqual(W8_ACTIVATION_BOUND);
          }
        }
        expect(await batchDifferences(w8, golden)).toEqual([]);
        for (const model of [w8, fromDisk, f32]) model.dispose();
      });
    }
  }
});
