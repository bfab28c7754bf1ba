/**
 * What WebGPU promises beyond the numbers: few dispatches, nothing made on a repeated shape, clear errors, memory given back.
 */

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { UnsupportedError } from "../../src/errors.ts";
import { SentenceEncoder } from "../../src/index.ts";
import { ReferenceBackend } from "../../src/kernels/reference/backend.ts";
import { type WebGpuBackend, webgpu } from "../../src/kernels/webgpu/index.ts";
import { loadModelFromFiles } from "../../src/models/load.ts";
import { parseSafetensors } from "../../src/safetensors/index.ts";
import type { Backend } from "../../src/tensor/backend.ts";
import type { BackendDevice } from "../../src/tensor/device.ts";
import type { Mat } from "../../src/tensor/mat.ts";
import { Sequences } from "../../src/tensor/sequences.ts";
import type { WeightMatrix } from "../../src/tensor/weights.ts";
import { normals, weightOf } from "../kernels/conformance/samples.ts";
import { folderFiles } from "../models/folder.ts";
import { compareSingles, readGolden } from "../models/golden.ts";
import { needsShared, sharedData } from "../shared.ts";
import { dawn } from "./dawn.ts";

const device = webgpu({ gpu: dawn() });
const MINILM_W8 = fileURLToPath(new URL("../../weights/all-MiniLM-L6-v2", import.meta.url));

/** The backend that a device makes next, caught on its way to a model. */
function watched(inner: BackendDevice): BackendDevice & { backend?: WebGpuBackend } {
  const watching: BackendDevice & { backend?: WebGpuBackend } = {
    name: inner.name,
    createBackend: async () => {
      watching.backend = (await inner.createBackend()) as WebGpuBackend;
      return watching.backend;
    },
  };
  return watching;
}

test("MiniLM's forward is at most 60 dispatches, and a repeated shape makes nothing", async () => {
  const watching = watched(device);
  const encoder = await SentenceEncoder.load(MINILM_W8, { device: watching });
  const { counters } = watching.backend!;
  const [first] = await encoder.encode(["A short sentence.", "Another one, a little longer."]);
  expect(counters.dispatches).toBeGreaterThan(20);
  expect(counters.dispatches).toBeLessThanOrEqual(60);
  console.log(`MiniLM: ${counters.dispatches} dispatches a forward, ${counters.pipelines} kernels`);
  const { bindGroups, buffers, pipelines } = counters;
  const bytes = watching.backend!.bytes;
  const [second] = await encoder.encode(["A short sentence.", "Another one, a little longer."]);
  expect(second).toEqual(first);
  expect(counters).toMatchObject({ bindGroups, buffers, pipelines });
  // Another shape between changes nothing for this one.
  await encoder.encode(["Three", "texts of other lengths", "in between, so that the pool is used in another way than before"]);
  const after = { bindGroups: counters.bindGroups, buffers: counters.buffers };
  expect(await encoder.encode(["A short sentence.", "Another one, a little longer."])).toEqual([first, expect.anything()]);
  expect(counters).toMatchObject(after);
  expect(bytes).toBeGreaterThan(10e6); // the weights are there, as int8
  encoder.dispose();
  expect(watching.backend!.bytes).toBe(0);
});

test("w8: dequantised weights agree with the reference's W8A16 within the rounding of activations", async () => {
  const texts = ["The quick brown fox.", "Numbers agree."];
  const gpu = await SentenceEncoder.load(MINILM_W8, { device });
  const cpu = await SentenceEncoder.load(MINILM_W8, { device: "wasm" });
  const [ours, theirs] = [await gpu.encode(texts), await cpu.encode(texts)];
  for (const [i, vector] of ours.entries()) {
    const cosine = vector.reduce((sum, value, c) => sum + value * theirs[i]![c]!, 0);
    // int16 rounds an activation to 2^-16 of its row's maximum; over six layers that stays far below int8's own 5e-4.
    expect(1 - cosine).toBeLessThan(1e-5);
  }
  gpu.dispose();
  cpu.dispose();
});

needsShared("models/all-MiniLM-L6-v2/model.safetensors")("real MiniLM in f32", () => {
  test("sentence embeddings within 1e-5 of the float64 golden", async () => {
    const golden = parseSafetensors(new Uint8Array(readFileSync(sharedData("golden/all-MiniLM-L6-v2/sentences.safetensors")!)));
    const expected = await golden.floats("embeddings");
    const lines = readFileSync(sharedData("golden/all-MiniLM-L6-v2/sentences.jsonl")!, "utf8").split("\n");
    const encoder = await SentenceEncoder.load(sharedData("models/all-MiniLM-L6-v2"), { device });
    const rows = [0, 1, 2, 3];
    const vectors = await encoder.encode(rows.map((row) => JSON.parse(lines[row]!).text));
    let largest = 0;
    for (const row of rows) {
      vectors[row]!.forEach((value, c) => {
        largest = Math.max(largest, Math.abs(value - expected[row * 384 + c]!));
      });
    }
    console.log(`real MiniLM f32 on WebGPU: max error ${largest.toExponential(2)}`);
    expect(largest).toBeLessThan(1e-5);
    encoder.dispose();
  });
});

test("f16 storage: exact for weights that are f16, and within 2^-11 of each product for others", async () => {
  const halves = await webgpu({ gpu: dawn(), weights: "f16" }).createBackend();
  const reference = new ReferenceBackend();
  const [M, N, K] = [5, 70, 43];
  const x = normals(M * K, 1);
  const project = (backend: Backend, weight: WeightMatrix, inputs = x) => {
    const input = backend.constant(inputs, M, K);
    const layer = backend.linear([weight]);
    return backend.pass(() => {
      const out = backend.alloc(M, N);
      backend.project(out, input, layer);
      return [out];
    });
  };
  const sumBound = (K + 2) * 2 ** -24; // of Σ|x w|: f32 sums in any order
  for (const [dtype, storage] of [
    ["F16", 0],
    ["F32", 2 ** -11],
  ] as const) {
    const { weight, values } = weightOf(dtype, N, K, 2);
    const [ours] = await project(halves, weight);
    const [exact] = await project(reference, weight);
    const magnitudes = { ...weight, dtype: "F32" as const, bytes: new Uint8Array(Float32Array.from(values.data, Math.abs).buffer) };
    const [sums] = await project(reference, magnitudes, x.map(Math.abs));
    ours!.forEach((value, i) => {
      expect(Math.abs(value - exact![i]!)).toBeLessThanOrEqual((sumBound + storage) * sums![i]!);
    });
  }
  expect(() => halves.linear([{ dtype: "F32", rows: 1, cols: 1, bytes: new Uint8Array(Float32Array.of(1e6).buffer) }])).toThrow(
    /does not fit f16/,
  );
  halves.dispose();
});

needsShared("golden/bert-variants/f16")("f16 storage of a model", () => {
  const halves = webgpu({ gpu: dawn(), weights: "f16" });
  const open = async (variant: string) => {
    const folder = sharedData(`golden/bert-variants/${variant}`)!;
    return { golden: readGolden(folder), model: await loadModelFromFiles(folderFiles(folder), { device: halves }) };
  };

  test("a file in F16 loses nothing: the f32 bounds hold", async () => {
    const { golden, model } = await open("f16");
    for (const { output, max, allowed } of await compareSingles(model, golden)) expect(max, output).toBeLessThanOrEqual(allowed);
    model.dispose();
  });

  test("a file in F32 differs by the rounding of its weights and no more", async () => {
    const { golden, model } = await open("plain");
    // Weights are off by 2^-11 of themselves. Each layer normalises, so that its hidden state (below 4 in magnitude) is off by about
    // sqrt(2) (attention and feed-forward) times 2^-11 times that; layers add up, and a factor 4 is left for the largest of all elements.
    const [L, H] = [2, 4];
    for (const { output, max, allowed } of await compareSingles(model, golden)) {
      expect(max, output).toBeLessThanOrEqual(4 * Math.SQRT2 * L * H * 2 ** -11);
      if (output === "last_hidden_state") expect(max, "weights are f16 indeed").toBeGreaterThan(allowed);
    }
    model.dispose();
  });
});

test("a projection and the addition of its result are one dispatch, unless the result is wanted elsewhere", async () => {
  const backend = (await device.createBackend()) as WebGpuBackend;
  const [M, N, K] = [20, 9, 12];
  const layer = backend.linear([weightOf("F32", N, K, 5).weight], normals(N, 6));
  const [x, r] = [backend.constant(normals(M * K, 7), M, K), backend.constant(normals(M * N, 8), M, N)];
  const run = (use: (projected: Mat, sum: Mat) => Mat[], swap = false) =>
    backend.pass(() => {
      const sum = backend.alloc(M, N);
      const projected = backend.alloc(M, N);
      backend.project(projected, x, layer);
      if (swap) backend.add(sum, r, projected);
      else backend.add(sum, projected, r);
      return use(projected, sum);
    });
  const [projected, sum] = await run((projected, sum) => [projected, sum]); // both wanted: two dispatches
  expect(backend.counters.dispatches).toBe(2);
  expect(sum).toEqual(projected!.map((value, i) => value + normals(M * N, 8)[i]!));
  for (const swap of [false, true]) {
    expect(await run((_, total) => [total], swap)).toEqual([sum]);
    expect(backend.counters.dispatches).toBe(1);
  }
  const [, again] = await run((product, total) => {
    const scaled = backend.alloc(M, N);
    backend.scale(scaled, product, 2); // the product is read later
    return [total, scaled];
  });
  expect(backend.counters.dispatches).toBe(3);
  expect(again).toEqual(projected!.map((value) => value * 2));
  backend.dispose();
});

test("a view of out's own buffer may be read: the dispatch reads a copy", async () => {
  const backend = await device.createBackend();
  const x = backend.constant(normals(6 * 8, 3), 6, 8);
  const [both] = await backend.pass(() => {
    const wide = backend.alloc(6, 16);
    backend.scale(wide.columns(0, 8), x, 2);
    backend.scale(wide.columns(8, 8), wide.columns(0, 8), 3);
    return [wide.columns(8, 8)];
  });
  expect(both).toEqual(normals(6 * 8, 3).map((value) => Math.fround(Math.fround(value * 2) * 3)));
  backend.dispose();
});

test("more rows than one dimension of the grid takes (32768)", async () => {
  const backend = await device.createBackend();
  const T = 32_770;
  const x = backend.constant(normals(T * 3, 4), T, 3);
  const last = { first: T - 2, count: 2 };
  const [normed, pooled] = await backend.pass(() => {
    const out = backend.alloc(T, 3);
    backend.normalize(out, x);
    const mean = backend.alloc(1, 3);
    backend.pool(mean, out, new Sequences([T]), "max");
    return [out.slice(last), mean];
  });
  const expectedRow = (t: number) => {
    const row = normals(T * 3, 4).subarray(t * 3, t * 3 + 3);
    return [...row].map((value) => value / Math.hypot(...row));
  };
  [...expectedRow(T - 2), ...expectedRow(T - 1)].forEach((value, i) => {
    expect(normed![i]).toBeCloseTo(value, 6);
  });
  expect(pooled!.every((value) => value > 0.99 && value <= 1.000001)).toBe(true);
  backend.dispose();
});

test("no WebGPU, no adapter, no device: an UnsupportedError that says what to use instead", async () => {
  const fake = (requestAdapter: () => Promise<unknown>) => webgpu({ gpu: { requestAdapter } as unknown as GPU });
  await expect(fake(async () => null).createBackend()).rejects.toThrow(/no adapter.*device "wasm"/);
  await expect(fake(async () => null).createBackend()).rejects.toThrow(UnsupportedError);
  const refusing = { limits: {}, requestDevice: () => Promise.reject(new Error("refused")) };
  await expect(fake(async () => refusing).createBackend()).rejects.toThrow(/refused.*device "wasm"/);
  if (typeof navigator === "undefined" || !navigator.gpu) {
    await expect(webgpu().createBackend()).rejects.toThrow(/navigator\.gpu.*webgpu\(\{ gpu \}\)/);
  }
});

test("a buffer beyond the device's limit: an error that names it, and the backend stays usable", async () => {
  const backend = (await device.createBackend()) as WebGpuBackend;
  await expect(backend.pass(() => [backend.alloc(2 ** 20, 2 ** 10)])).rejects.toThrow(/4096\.0 MiB.*at most/);
  const [one] = await backend.pass(() => {
    const out = backend.alloc(1, 1);
    backend.scale(out, backend.alloc(1, 1), 0);
    return [out];
  });
  expect(one).toHaveLength(1);
  backend.dispose();
});

test("a lost device: the running and later calls fail with an error, a reload works", async () => {
  let lose = (): void => {};
  const losable = {
    requestAdapter: async (options?: GPURequestAdapterOptions) => {
      const adapter = await dawn().requestAdapter(options);
      return {
        limits: adapter!.limits,
        requestDevice: async (descriptor?: GPUDeviceDescriptor) => {
          const real = await adapter!.requestDevice(descriptor);
          lose = () => real.destroy();
          return real;
        },
      };
    },
  };
  const fragile = webgpu({ gpu: losable as unknown as GPU });
  const doubled = (backend: Backend) => {
    const x = backend.constant(Float32Array.of(1, 2), 1, 2);
    return backend.pass(() => {
      const out = backend.alloc(1, 2);
      backend.scale(out, x, 2);
      return [out];
    });
  };
  const backend = await fragile.createBackend();
  expect(await doubled(backend)).toEqual([Float32Array.of(2, 4)]);
  const running = doubled(backend);
  lose();
  await expect(running).rejects.toThrow(/lost.*load the model again/);
  await expect(doubled(backend)).rejects.toThrow(UnsupportedError);
  backend.dispose();
  const again = await fragile.createBackend();
  expect(await doubled(again)).toEqual([Float32Array.of(2, 4)]);
  again.dispose();
});

test("a disposed backend says so, and models of one device do not disturb each other", async () => {
  const [one, two] = [await device.createBackend(), await device.createBackend()];
  one.dispose();
  one.dispose();
  await expect(one.pass(() => [])).rejects.toThrow(/disposed/);
  const x = two.constant(Float32Array.of(1, 2), 1, 2);
  const [sum] = await two.pass(() => {
    const out = two.alloc(1, 2);
    two.add(out, x, two.constant(Float32Array.of(3, 4), 1, 2));
    return [out];
  });
  expect([...sum!]).toEqual([4, 6]);
  two.dispose();
});
