/** A growth of wasm memory that the engine refuses while a model loads: "auto" loads it on loops and says why, device "wasm" is an error. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { UnsupportedError } from "../../src/errors.ts";
import { createSlimBackend } from "../../src/kernels/choose-slim.ts";
import { engineInfo } from "../../src/kernels/wasm/features.ts";
import { loadModelWith } from "../../src/models/assemble.ts";
import { FAMILIES } from "../../src/models/families.ts";
import { loadModelFromFiles } from "../../src/models/load.ts";
import { openWeights } from "../../src/models/weight-files.ts";
import { fixture } from "../shared.ts";
import { folderFiles } from "./folder.ts";

const files = folderFiles(fixture("tiny/bert"));
const batch = [{ ids: [1, 5, 3] }];

beforeEach(() => {
  vi.spyOn(WebAssembly.Memory.prototype, "grow").mockImplementation(() => {
    throw new RangeError("WebAssembly.Memory.grow(): Maximum memory size exceeded");
  });
});
afterEach(() => vi.restoreAllMocks());

test.each([1, 2])("auto falls back to loops, %i threads", async (threads) => {
  const loops = await loadModelFromFiles(files, { device: "loops" });
  const loaded: number[] = [];
  const model = await loadModelFromFiles(files, { threads, onProgress: (event) => loaded.push(event.loaded) });
  expect(loaded).toEqual([...loaded].sort((a, b) => a - b));
  expect(model.device).toBe("loops");
  expect(model.deviceReason).toMatch(/^loops is the fallback; wasm: \d+ MiB are needed/);
  expect(engineInfo().threads).toBe(1);
  expect(await model.forward(batch)).toEqual(await loops.forward(batch));
  model.dispose();
  loops.dispose();
});

test("so does slim", async () => {
  const model = await loadModelWith({ families: FAMILIES, createBackend: createSlimBackend, openWeights }, files);
  expect(model.deviceReason).toContain("MiB are needed");
  model.dispose();
});

test("wasm by name is an error that names loops", async () => {
  const load = loadModelFromFiles(files, { device: "wasm", threads: 1 });
  await expect(load).rejects.toThrow(UnsupportedError);
  await expect(load).rejects.toThrow('use dtype "w8", a smaller token budget or device "loops"');
});
