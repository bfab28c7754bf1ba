/**
 * Every tiny model with a float64 golden: outputs within three of PyTorch's own f32 errors, and the same bits alone and in a ragged batch.
 * Some folders are fixtures of this repository; all of them run where ../shared/data is.
 */
import { existsSync, readdirSync } from "node:fs";
import { basename, join } from "node:path";
import { describe, expect, test } from "vitest";
import { FolderFiles } from "../../src/files/folder.ts";
import type { ModelFiles } from "../../src/files/types.ts";
import { loadModelFromFiles } from "../../src/models/load.ts";
import { fixture, needsShared, sharedData } from "../shared.ts";
import { folderFiles } from "./folder.ts";
import {
  batchDifferences,
  compareSingles,
  ERROR_FACTOR,
  goldenInputs,
  maxAbsDifference,
  readGolden,
  W8_ACTIVATION_BOUND,
  w8Difference,
} from "./golden.ts";

const DEVICES = ["reference", "loops", "wasm"] as const;
/** Where the folders that are no fixtures run; `npm run validate` runs them on every device. */
const FULL_DEVICES = ["wasm"] as const;
function foldersOf(root: string | undefined): string[] {
  if (root === undefined || !existsSync(root)) return [];
  return readdirSync(root, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => join(root, entry.name));
}

/** Files in memory; files on a disk, of which wasm reads the layers straight to their place where its memory is shared: with threads, on any machine. */
const HELD: readonly (readonly [string, (folder: string) => ModelFiles, number])[] = [
  ["in memory", folderFiles, 1],
  ["on disk", (folder) => new FolderFiles(folder), 2],
];

function testFolder(folder: string, device: (typeof DEVICES)[number]): void {
  test.each(HELD)(`${folder.split("/").slice(-2).join("/")} on ${device}, %s`, async (_, files, threads) => {
    const golden = readGolden(folder);
    const model = await loadModelFromFiles(files(folder), { device, threads });
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
    for (const set of ["tiny", "bert-variants", "saved"]) for (const folder of foldersOf(fixture(set))) testFolder(folder, device);
});

needsShared("golden/tiny")("the golden models that are no fixtures", () => {
  const isNew = (set: string) => (folder: string) => !existsSync(fixture(`${set}/${basename(folder)}`));
  const folders = ["tiny", "bert-variants"].flatMap((set) => foldersOf(sharedData(`golden/${set}`)).filter(isNew(set)));
  for (const device of FULL_DEVICES) for (const folder of folders) testFolder(folder, device);
});

describe("w8: the same fixtures, quantised while loading", () => {
  for (const device of DEVICES) {
    for (const folder of foldersOf(fixture("tiny"))) {
      test(`${basename(folder)} on ${device}`, async () => {
        const share = await w8Difference(folderFiles(folder), readGolden(folder), device);
        expect(share).toBeGreaterThan(0);
        expect(share).toBeLessThanOrEqual(W8_ACTIVATION_BOUND);
      });
    }
  }
});

test("without typeIds all tokens have type 0", async () => {
  const folder = fixture("tiny/bert");
  const golden = readGolden(folder);
  const model = await loadModelFromFiles(folderFiles(folder), { device: "reference" });
  const run = "pair_without_token_type_ids";
  const inputs = await goldenInputs(golden, run);
  expect(inputs[0]!.typeIds).toBeUndefined();
  const { lastHiddenState } = await model.forward(inputs);
  const expected = await golden.tensors.floats(`${run}.last_hidden_state`);
  expect(maxAbsDifference(lastHiddenState[0]!.data, expected)).toBeLessThanOrEqual(ERROR_FACTOR * golden.f32Error.last_hidden_state!);
  model.dispose();
});
