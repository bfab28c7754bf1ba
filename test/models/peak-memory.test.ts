/** Peak memory is what the trace predicts: scratch of the wasm backend, counted in bytes, beside TraceBackend's over the same pass. */
import { expect, test } from "vitest";
import { attentionScratch } from "../../src/kernels/wasm/attention.ts";
import { WasmBackend } from "../../src/kernels/wasm/backend.ts";
import { widenedBytes } from "../../src/kernels/wasm/gemm-w8.ts";
import { loadModelWith } from "../../src/models/assemble.ts";
import { FAMILIES } from "../../src/models/families.ts";
import { openWeights } from "../../src/models/weight-files.ts";
import type { Backend } from "../../src/tensor/backend.ts";
import { TraceBackend } from "../../src/tensor/trace.ts";
import { fixture } from "../shared.ts";
import { folderFiles } from "./folder.ts";

/** Channels of a head, and of the feed-forward network, of the model below. */
const D = 10;
const F = 77;
/** Every allocation starts on a cache line, and some twenty are alive at once; int16 rows are padded to a multiple of eight columns. */
const slack = (bytes: number) => 20 * 64 + 0.01 * bytes;

async function run(backend: Backend, dtype: "f32" | "w8", lengths: readonly number[]): Promise<void> {
  const kit = { families: FAMILIES, createBackend: async () => ({ backend }), openWeights };
  const model = await loadModelWith(kit, folderFiles(fixture("tiny/bert")), { dtype });
  if (backend instanceof TraceBackend) backend.clear();
  await model.forward(lengths.map((S) => ({ ids: Array.from({ length: S }, (_, s) => 5 + s) })));
}

test.each(["f32", "w8"] as const)("scratch of %s passes", async (dtype) => {
  for (const lengths of [[1], [13], [64, 64, 30], [64, 64, 64, 64, 44], Array.from({ length: 16 }, () => 33)]) {
    const wasm = new WasmBackend({ fma: false, wide: false });
    const trace = new TraceBackend({ blockRows: 256 });
    await run(wasm, dtype, lengths);
    await run(trace, dtype, lengths);
    // What the trace does not count is the kernel's own scratch inside attention, which small texts notice.
    const beforeAttention = Math.max(...trace.records.filter(({ op }) => op === "attention").map(({ scratch }) => 4 * scratch));
    // W8A16 widens a panel of weights at a time.
    const widened = dtype === "w8" ? widenedBytes(F) : 0;
    const predicted = Math.max(4 * trace.peakScratch, beforeAttention + attentionScratch(Math.max(...lengths), D));
    const { peakScratch } = wasm.usage;
    expect(peakScratch).toBeGreaterThanOrEqual(predicted);
    expect(peakScratch).toBeLessThan(predicted + widened + slack(predicted));
  }
});
