/**
 * Every tiny model with a float64 golden on every GPU backend: outputs within three of PyTorch's own f32 errors , and for one model
 * of each family the same bits alone and in a ragged batch. The fixtures of this repository; all golden folders where ../shared/data is.
 */

import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { FAMILIES } from "../../src/models/families.ts";
import { loadModelFromFiles } from "../../src/models/load.ts";
import type { Backend } from "../../src/tensor/backend.ts";
import { folderFiles } from "../models/folder.ts";
import { batchDifferences, compareSingles, readGolden } from "../models/golden.ts";
import { fixture, needsShared, sharedData } from "../shared.ts";
import { DEVICES } from "./devices.ts";

// One backend of each device stays open, so that its compiled kernels serve all models.
let open: Backend[] = [];
beforeAll(async () => {
  open = await Promise.all(DEVICES.map(([, device]) => device.createBackend()));
});
afterAll(() => {
  for (const backend of open) backend.dispose();
});

function foldersOf(root: string | undefined): string[] {
  if (root === undefined || !existsSync(root)) return [];
  return readdirSync(root, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => join(root, entry.name));
}

/** Of the BERT variants only those that differ in arithmetic or dtype: the others differ in names, which no backend sees. */
const VARIANTS = /act-|eps-|f16|f64|mixed-dtypes/;
/** Families whose batches are compared, too, to the bit; every backend's own batch invariance is in the conformance suite. */
const BATCHED = ["bert", "deberta-v2", "distilbert", "mobilebert", "modernbert", "mpnet"];

function testFolders(folders: readonly string[]): void {
  for (const [name, device] of DEVICES) {
    for (const folder of folders) {
      const model = folder.split("/").slice(-2).join("/");
      test(`${model} on ${name}`, async () => {
        const golden = readGolden(folder);
        const loaded = await loadModelFromFiles(folderFiles(folder), { device });
        const differences = await compareSingles(loaded, golden);
        expect(differences.length).toBeGreaterThan(0);
        for (const { output, max, allowed } of differences) expect.soft(max, output).toBeLessThanOrEqual(allowed);
        if (BATCHED.includes(model.replace("tiny/", ""))) expect.soft(await batchDifferences(loaded, golden)).toEqual([]);
        loaded.dispose();
      });
    }
  }
}

if (sharedData("golden/tiny") === undefined) {
  describe("golden fixtures", () => {
    testFolders(["tiny", "bert-variants"].flatMap((set) => foldersOf(fixture(set))));
  });
}

needsShared("golden/tiny")("all golden models of the supported families", () => {
  const supported = (folder: string) => FAMILIES.some(({ className }) => readGolden(folder).className.startsWith(className));
  const variants = foldersOf(sharedData("golden/bert-variants")).filter((folder) => VARIANTS.test(folder));
  testFolders([...foldersOf(sharedData("golden/tiny")), ...variants].filter(supported));
});
