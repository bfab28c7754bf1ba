/** Weights on a disk, read by other threads while this one goes on: the bits of the same file in memory, and what goes wrong in the middle of it. */
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, expect, test, vi } from "vitest";
import { FormatError, WeightError } from "../../src/errors.ts";
import { FolderFiles } from "../../src/files/folder.ts";
import type { ModelFiles } from "../../src/files/types.ts";
import { createBackend } from "../../src/kernels/choose.ts";
import { loadModelWith } from "../../src/models/assemble.ts";
import { FAMILIES } from "../../src/models/families.ts";
import { loadHead } from "../../src/models/heads.ts";
import { readInPlace } from "../../src/models/in-place.ts";
import { loadModelFromFiles } from "../../src/models/load.ts";
import { openWeights } from "../../src/models/weight-files.ts";
import type { DType, Safetensors } from "../../src/safetensors/index.ts";
import { nextTurn } from "../../src/tensor/turn.ts";
import { fixture } from "../shared.ts";
import { folderFiles } from "./folder.ts";

const [C, F, V, P] = [256, 1024, 700, 32];
const config = {
  model_type: "bert",
  architectures: ["BertModel"],
  hidden_size: C,
  intermediate_size: F,
  num_attention_heads: 4,
  num_hidden_layers: 2,
  vocab_size: V,
  max_position_embeddings: P,
};

/** Shapes of a BERT's tensors: its matrices are large enough not to be read on this thread. */
function shapes(): Map<string, readonly number[]> {
  const all = new Map<string, readonly number[]>();
  const linear = (name: string, N: number, K: number) => all.set(`${name}.weight`, [N, K]).set(`${name}.bias`, [N]);
  const norm = (name: string) => all.set(`${name}.weight`, [C]).set(`${name}.bias`, [C]);
  for (let l = 0; l < 2; l++) {
    const at = `encoder.layer.${l}`;
    for (const name of ["query", "key", "value"]) linear(`${at}.attention.self.${name}`, C, C);
    linear(`${at}.attention.output.dense`, C, C);
    norm(`${at}.attention.output.LayerNorm`);
    linear(`${at}.intermediate.dense`, F, C);
    linear(`${at}.output.dense`, C, F);
    norm(`${at}.output.LayerNorm`);
  }
  const tables = { word: V, position: P, token_type: 2 };
  for (const [name, rows] of Object.entries(tables)) all.set(`embeddings.${name}_embeddings.weight`, [rows, C]);
  norm("embeddings.LayerNorm");
  return all;
}

/** Bytes that are small numbers in any of the dtypes, behind a header that ends at an odd byte. */
function weightsOf(dtype: DType, tensors = shapes()): Uint8Array {
  const size = dtype === "F32" ? 4 : 2;
  const entries: [string, object][] = [];
  let end = 0;
  for (const [name, shape] of tensors) {
    const start = end;
    end += size * shape.reduce((product, length) => product * length, 1);
    entries.push([name, { dtype, shape, data_offsets: [start, end] }]);
  }
  let header = JSON.stringify(Object.fromEntries(entries));
  if (header.length % 2 === 0) header += " ";
  const file = new Uint8Array(8 + header.length + end);
  new DataView(file.buffer).setUint32(0, header.length, true);
  file.set(new TextEncoder().encode(header), 8);
  const data = file.subarray(8 + header.length);
  for (let i = 0; i < end; i += size) {
    data[i] = Math.imul(i + 1, 2654435761) >>> 24;
    data[i + size - 1] = (i / size) % 3 === 0 ? 0xbc : 0x3c; // an exponent near zero, and a sign
  }
  return file;
}

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true });
});

function write(weights: Uint8Array): string {
  const folder = mkdtempSync(join(tmpdir(), "hummingbert-disk-"));
  folders.push(folder);
  writeFileSync(join(folder, "config.json"), JSON.stringify(config));
  writeFileSync(join(folder, "model.safetensors"), weights);
  return folder;
}

/** Resolves once every file opened from now on is closed. */
function watchFiles(): () => Promise<void> {
  const fs = process.getBuiltinModule("node:fs");
  const [opened, closed] = [vi.spyOn(fs, "openSync"), vi.spyOn(fs, "closeSync")];
  return async () => {
    await vi.waitFor(() => expect(closed.mock.calls.length).toBe(opened.mock.calls.length));
    expect(opened).toHaveBeenCalled();
  };
}
afterEach(() => {
  vi.restoreAllMocks();
});

const inputs = [{ ids: [1, 5, 699] }, { ids: [2] }];

test.each<[DType, "auto" | "w8"]>([
  ["F32", "auto"],
  ["F16", "auto"],
  ["BF16", "auto"],
  ["F32", "w8"],
])("%s as %s: the bits of the file in memory", async (stored, dtype) => {
  const folder = write(weightsOf(stored));
  const inMemory = await loadModelFromFiles(folderFiles(folder), { dtype, threads: 1 });
  const expected = await inMemory.forward(inputs);
  inMemory.dispose();
  expect(expected.lastHiddenState[0]!.data.every(Number.isFinite)).toBe(true);
  for (const threads of [1, 2]) {
    const allClosed = watchFiles();
    const model = await loadModelFromFiles(new FolderFiles(folder), { dtype, threads });
    await allClosed();
    expect(await model.forward(inputs)).toEqual(expected);
    model.dispose();
  }
});

test.each([1, 2])("a file that is cut while it is read, %i threads", async (threads) => {
  const files = new FolderFiles(write(weightsOf("F32")));
  const open = files.open.bind(files);
  files.open = async (name, signal) => {
    const source = await open(name, signal);
    truncateSync(join(files.label, name), source.size - 3_000_000);
    return source;
  };
  const allClosed = watchFiles();
  const loading = loadModelFromFiles(files, { threads });
  await expect(loading).rejects.toBeInstanceOf(FormatError);
  await expect(loading).rejects.toThrow(/model\.safetensors ends at byte \d+; expected \d+ more/);
  await allClosed();
});

test.each([1, 2])("a load that has failed tells no progress, %i threads", async (threads) => {
  const tensors = shapes();
  tensors.delete("encoder.layer.1.output.dense.weight");
  let isOver = false;
  const late = vi.fn();
  const allClosed = watchFiles();
  const onProgress = () => isOver && late();
  await expect(loadModelFromFiles(new FolderFiles(write(weightsOf("F32", tensors))), { threads, onProgress })).rejects.toThrow(WeightError);
  isOver = true;
  await allClosed();
  expect(late).not.toHaveBeenCalled();
});

/** Layers of a file by the numbers in the names of their tensors. */
const layersOf = (names: Iterable<string>) =>
  [...new Set([...names].map((name) => /layers?\.\d+\./.exec(name)?.[0]).filter(Boolean))].sort();

test.each(["bert", "deberta-v2-nli", "mobilebert-layernorm-seqcls", "modernbert-seqcls-mean", "mpnet-mlm", "nomic-bert"])(
  "%s: all layers are asked for before the first has come",
  async (name) => {
    const files = new FolderFiles(fixture(`tiny/${name}`));
    let expected: unknown;
    const asked: string[] = [];
    const slowly = async (source: ModelFiles, signal?: AbortSignal): Promise<Safetensors> => {
      const file = await openWeights(source, signal);
      expected = layersOf(file.tensors.keys());
      const read = file.bytesInto!;
      let hasCome = false;
      const bytesInto = async (tensor: string, target: Uint8Array) => {
        if (!hasCome) asked.push(tensor);
        if (layersOf([tensor]).length > 0) {
          await nextTurn();
          hasCome = true;
        }
        await read(tensor, target);
      };
      return Object.assign(file, { bytesInto });
    };
    const kit = { families: FAMILIES, createBackend, openWeights: slowly, loadHead, readInPlace };
    const model = await loadModelWith(kit, files, { threads: 2 });
    expect(layersOf(asked)).toEqual(expected);
    model.dispose();
  },
);
