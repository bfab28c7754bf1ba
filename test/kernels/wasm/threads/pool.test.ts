/** The life of the pool: started in the background, shared, ended with the last model, never in the way of the process's end, and dead workers are errors, not hangs. */
import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { Worker } from "node:worker_threads";
import { afterAll, beforeEach, describe, expect, it, vi } from "vitest";
import { UnsupportedError } from "../../../../src/errors.ts";
import { engineInfo } from "../../../../src/kernels/wasm/features.ts";
import { WasmMemory } from "../../../../src/kernels/wasm/memory.ts";
import type { ThreadedBackend } from "../../../../src/kernels/wasm/threads/backend.ts";
import type { WeightMatrix } from "../../../../src/tensor/weights.ts";
import { fixture } from "../../../shared.ts";
import { randomFloats } from "../harness.ts";
import { loadStarted, texts, threaded, up } from "./started.ts";

/** Every worker that this process starts. */
const workers: Worker[] = [];
const collect = (worker: Worker) => workers.push(worker);
process.on("worker", collect);
afterAll(() => process.off("worker", collect));
beforeEach(() => {
  workers.length = 0;
});

const folder = fixture("tiny/bert");
const batch = texts([40, 30, 7], 60, 1);

/** Square weights [n, n]. */
function weight(n: number): WeightMatrix {
  const data = randomFloats(n * n, 1, 1 / Math.sqrt(n));
  return { dtype: "F32", rows: n, cols: n, bytes: new Uint8Array(data.buffer) };
}

/** A pass of two tasks that do the same product again and again, each as often as `repeats` says. */
function unevenPass(backend: ThreadedBackend, n: number, repeats: readonly [number, number]): () => Promise<Float32Array[]> {
  const linear = backend.linear([weight(n)]);
  const x = backend.constant(randomFloats(96 * n, 2), 96, n);
  return () =>
    backend.pass(() => {
      const out = backend.alloc(96, n);
      backend.stretch(96, (rows) => {
        for (let i = 0; i < repeats[rows.first === 0 ? 0 : 1]; i++) backend.project(out.slice(rows), x.slice(rows), linear);
      });
      return [out];
    });
}

describe("the pool", () => {
  it("starts after the first result, not before it", async () => {
    const model = await loadStarted(folder, 1);
    const expected = await model.forward(batch);
    const backend = threaded(2);
    const linear = backend.linear([weight(16)]);
    const x = backend.constant(randomFloats(16, 2), 1, 16);
    const pass = () =>
      backend.pass(() => {
        const out = backend.alloc(1, 16);
        backend.project(out, x, linear);
        return [out];
      });
    const first = await pass();
    expect(workers.length).toBe(0);
    expect(backend.isUp).toBe(false);
    while (!backend.isUp) await sleep(5);
    expect(workers.length).toBe(1);
    expect(await pass()).toEqual(first);
    backend.dispose();
    expect(await model.forward(batch)).toEqual(expected);
    model.dispose();
  });

  it("is one for all models and ends with the last", async () => {
    const [a, b] = [await loadStarted(folder, 3), await loadStarted(folder, 2)];
    expect(engineInfo().threads).toBe(2);
    expect(workers.length).toBe(2);
    const expected = await a.forward(batch);
    a.dispose();
    expect(await b.forward(batch)).toEqual(expected);
    const ends = workers.map((worker) => once(worker, "exit"));
    b.dispose();
    await Promise.all(ends);
    expect(engineInfo().threads).toBe(1);
    const c = await loadStarted(folder, 2);
    expect(workers.length).toBe(3);
    expect(await c.forward(batch)).toEqual(expected);
    c.dispose();
  });

  it("engineInfo shows threads while a model has them, also where no worker was started", async () => {
    const [a, b] = [threaded(3), threaded(2)];
    expect(engineInfo().threads).toBe(2);
    a.dispose();
    a.dispose();
    expect(engineInfo().threads).toBe(2);
    const c = threaded(4);
    c.dispose();
    expect(engineInfo().threads).toBe(2);
    b.dispose();
    expect(engineInfo().threads).toBe(1);
    expect(workers.length).toBe(0);
  });

  it("starts also where the memory for small tables is refused: their rows are staged, with the same bits", async () => {
    const reserve = vi.spyOn(WasmMemory.prototype, "reserve");
    const backend = threaded(2);
    const table = backend.table(weight(16));
    reserve.mockImplementation(() => {
      throw new UnsupportedError("refused");
    });
    await up(backend);
    reserve.mockRestore();
    const [rows] = await backend.pass(() => {
      const out = backend.alloc(2, 16);
      backend.gather(out, table, Int32Array.of(3, 1));
      return [out];
    });
    const values = randomFloats(16 * 16, 1, 1 / 4);
    expect(rows).toEqual(Float32Array.of(...values.subarray(48, 64), ...values.subarray(16, 32)));
    backend.dispose();
  });

  it("calls a worker to its event loop before it ends it: Deno ends none that sleeps elsewhere", { timeout: 10_000 }, async () => {
    const model = await loadStarted(folder, 2);
    await model.forward(batch);
    const [worker] = workers as [Worker];
    const terminate = vi.spyOn(worker, "terminate").mockResolvedValue(0);
    model.dispose();
    expect(terminate).toHaveBeenCalledOnce();
    const answer = once(worker, "message");
    const module = new WebAssembly.Module(Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0));
    worker.postMessage({ join: -1, module }); // without a call of its own
    expect(await answer).toEqual([{ joined: -1 }]);
    terminate.mockRestore();
    await worker.terminate();
  });

  it("goes on with one thread after a worker has died", async () => {
    const model = await loadStarted(folder, 3);
    const expected = await model.forward(batch);
    await workers[0]!.terminate();
    expect((model.backend as ThreadedBackend).isUp).toBe(false);
    expect(await model.forward(batch)).toEqual(expected);
    model.dispose();
  });

  it("a worker that dies in the middle of a pass is an error of that pass", async () => {
    const backend = await up(threaded(2));
    const quick = unevenPass(backend, 1024, [1, 1]);
    const uneven = unevenPass(backend, 1024, [100, 1000]);
    const expected = await quick();
    let failure: unknown;
    // Where this thread gets the first task it then sleeps at the barrier until its patience is spent: the timer fires only then, with the worker in the
    // middle of its work. Where it gets the second one nothing is lost, and the test tries again.
    for (let i = 0; i < 12 && failure === undefined; i++) {
      const timer = setTimeout(() => void workers[0]!.terminate(), 0);
      failure = await uneven().then(
        () => undefined,
        (error: unknown) => error,
      );
      clearTimeout(timer);
    }
    expect(failure).toBeInstanceOf(UnsupportedError);
    expect(await quick()).toEqual(expected);
    expect(backend.isUp).toBe(false);
    backend.dispose();
  });

  it("many passes asked for at once run one after another", async () => {
    const backend = await up(threaded(3));
    const pass = unevenPass(backend, 64, [1, 3]);
    const [first] = await pass();
    for (const [result] of await Promise.all(Array.from({ length: 20 }, pass))) expect(result).toEqual(first);
    backend.dispose();
  });

  it("never keeps the process alive", () => {
    const script = `
      import { loadModel } from ${JSON.stringify(new URL("../../../../src/models/load-model.ts", import.meta.url).href)};
      const model = await loadModel(${JSON.stringify(folder)}, { threads: 3 });
      model.backend.start();
      while (!model.backend.isUp) await new Promise((resolve) => setTimeout(resolve, 5));
      await model.forward([{ ids: [1, 2, 3] }]);
      console.log("done");`;
    const root = fileURLToPath(new URL("../../../../", import.meta.url));
    const { status, stdout, stderr } = spawnSync(process.execPath, ["--import", "tsx", "--input-type=module", "-e", script], {
      cwd: root,
      timeout: 25_000,
      encoding: "utf8",
    });
    expect({ status, stdout }, stderr).toEqual({ status: 0, stdout: "done\n" });
  });
});
