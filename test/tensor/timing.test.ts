/** Timed ops: the list is the trace's, op for op, and timing changes no result. */
import { describe, expect, it } from "vitest";
import { openModelFiles } from "../../src/files/open.ts";
import { LoopsBackend } from "../../src/kernels/loops/backend.ts";
import { inspectModel } from "../../src/models/inspect.ts";
import { measureOps } from "../../src/models/time-ops.ts";
import { timeOps } from "../../src/tensor/timing.ts";
import { fixture } from "../shared.ts";

describe("timed ops", () => {
  it.each(["bert", "distilbert", "mpnet-mlm", "modernbert-seqcls-mean", "mobilebert-layernorm-seqcls"])(
    "%s: one time an op of the trace",
    async (name) => {
      const tokens = 30;
      const files = await openModelFiles(fixture(`tiny/${name}`), {});
      const { pass } = await inspectModel(files, tokens);
      const times = await measureOps(files, tokens, { device: "wasm" });
      expect(times.length).toBe(pass!.ops.length);
      expect(times.every((ms) => ms >= 0)).toBe(true);
      expect(times.some((ms) => ms > 0)).toBe(true);
    },
  );

  it("notes a fused op once, gives its result, and still throws its errors", async () => {
    const backend = new LoopsBackend();
    const gamma = backend.constant(Float32Array.of(1, 1), 1, 2);
    const norm = { gamma, eps: 0 };
    const a = backend.constant(Float32Array.of(1, 2), 1, 2);
    const b = backend.constant(Float32Array.of(0, 1), 1, 2);
    const times = timeOps(backend);
    const [sum] = await backend.pass(() => {
      const out = backend.alloc(1, 2);
      backend.addLayerNorm(out, a, b, norm); // [1, 3] has mean 2 and deviation 1
      return [out];
    });
    expect([...sum!]).toEqual([-1, 1]);
    expect(times.length).toBe(1);
    const wrong = backend.pass(() => {
      const out = backend.alloc(1, 3);
      backend.add(out, a, b);
      return [out];
    });
    await expect(wrong).rejects.toThrow(/add/);
    expect(times.length).toBe(1); // of the last pass
  });

  it("adds up the blocks of a stretch, and goes on behind it", async () => {
    const backend = new LoopsBackend();
    const T = 200; // blocks of 96 rows: three
    const x = backend.constant(new Float32Array(T).fill(2), T, 1);
    const times = timeOps(backend);
    let blocks = 0;
    const [out] = await backend.pass(() => {
      const [y, z] = [backend.alloc(T, 1), backend.alloc(T, 1)];
      backend.stretch(T, (rows) => {
        const squared = backend.alloc(rows.count, 1);
        backend.multiply(squared, x.slice(rows), x.slice(rows));
        backend.scale(y.slice(rows), squared, 0.5);
        blocks++;
      });
      backend.add(z, y, x);
      return [z];
    });
    expect(blocks).toBe(3);
    expect(times.length).toBe(3); // multiply, scale, add
    expect(out!.every((value) => value === 4)).toBe(true);
  });
});
