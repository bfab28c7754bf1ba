/** Repeatable parts of passes: their layer code runs twice for a shape and address, the repetitions read the new data, and nothing is kept that could be another pass's. */
import { describe, expect, it } from "vitest";
import type { ThreadedBackend } from "../../../../src/kernels/wasm/threads/backend.ts";
import type { Mat } from "../../../../src/tensor/mat.ts";
import type { WeightMatrix } from "../../../../src/tensor/weights.ts";
import { randomFloats } from "../harness.ts";
import { threaded, up } from "./started.ts";

const C = 64;
const data = randomFloats(C * C, 1, 1 / Math.sqrt(C));
const weight: WeightMatrix = { dtype: "F32", rows: C, cols: C, bytes: new Uint8Array(data.buffer) };

interface Case {
  readonly key?: string;
  readonly T?: number;
  /** Puts scratch before the part's. */
  readonly shift?: number;
  /** Looks rows up inside the part. */
  readonly looksUp?: boolean;
}

/** Passes over a backend: their result, and how often the part's layer code has run so far. */
async function passes(backend: ThreadedBackend) {
  backend.wakeFrom = 1; // what stands before the part is no work and is not handed over alone, which would move the part
  const linear = backend.linear([weight]);
  const words = backend.table({ dtype: "F32", rows: 100, cols: C, bytes: new Uint8Array(randomFloats(100 * C, 2).buffer) });
  await backend.pass(() => []); // loading has used scratch, too
  const counter = { runs: 0 };
  const pass = async (seed: number, { key = "layers", T = 100, shift = 0, looksUp = false }: Case = {}) => {
    const indices = Int32Array.from({ length: T }, (_, t) => (seed + 7 * t) % 100);
    const [result] = await backend.pass(() => {
      if (shift > 0) backend.alloc(shift, C);
      const [x, out] = [backend.alloc(T, C), backend.alloc(T, C)] as [Mat, Mat];
      backend.gather(x, words, indices);
      backend.repeatable(key, [x, out], () => {
        counter.runs++;
        const y = backend.alloc(T, C);
        backend.stretch(T, (rows) => backend.project(y.slice(rows), x.slice(rows), linear));
        if (looksUp) backend.gather(backend.alloc(T, C), words, indices);
        backend.stretch(T, (rows) => backend.project(out.slice(rows), y.slice(rows), linear));
      });
      return [out];
    });
    return result!;
  };
  return { pass, counter };
}

describe("repeatable parts of a pass", () => {
  it.each([8, 100, 300])("T = %i: recorded twice, then repeated with the bits of new data", async (T) => {
    const single = threaded(1); // not started: one thread, unrecorded
    const expected = await passes(single);
    const backend = await up(threaded(3));
    const { pass, counter } = await passes(backend);
    for (let seed = 0; seed < 6; seed++) {
      expect(await pass(seed, { T }), `pass ${seed}`).toEqual(await expected.pass(seed, { T }));
      expect(counter.runs).toBe(Math.min(seed + 1, 2));
    }
    expect(backend.isUp).toBe(true);
    backend.dispose();
    single.dispose();
  });

  it("another key, another shape and another address are parts of their own", async () => {
    const backend = await up(threaded(2));
    const { pass, counter } = await passes(backend);
    for (let i = 0; i < 3; i++) await pass(1);
    for (const [i, other] of [{ key: "other" }, { T: 101 }, { shift: 1 }].entries()) {
      await pass(1, other);
      expect(counter.runs).toBe(3 + i);
    }
    backend.dispose();
  });

  it("a part that looks rows up is recorded each time", async () => {
    const backend = await up(threaded(2));
    const { pass, counter } = await passes(backend);
    for (let i = 0; i < 5; i++) await pass(i, { looksUp: true });
    expect(counter.runs).toBe(5);
    backend.dispose();
  });

  it("remembers the shapes used last, and memory does not grow with repetitions", async () => {
    const backend = await up(threaded(2));
    const { pass, counter } = await passes(backend);
    for (let i = 0; i < 3; i++) await pass(1, { T: 200 });
    const { growths } = backend.usage;
    for (let T = 1; T <= 11; T++) await pass(1, { T });
    const before = counter.runs;
    await pass(1, { T: 200 });
    expect(counter.runs).toBe(before);
    for (let T = 1; T <= 12; T++) await pass(1, { T });
    const after = counter.runs;
    await pass(1, { T: 200 });
    expect(counter.runs).toBe(after + 1);
    expect(backend.usage.growths).toBe(growths);
    backend.dispose();
  });
});
