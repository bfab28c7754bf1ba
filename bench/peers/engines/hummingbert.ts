/** This repository, from its sources: f32 or w8, with V8's experimental wide SIMD or without. */

import { openModelFiles } from "../../../src/files/open.ts";
import { enableExperimentalSimd } from "../../../src/kernels/wasm/experimental.ts";
import { loadModelFromFiles } from "../../../src/models/load.ts";
import type { Engine, EngineOptions } from "../engine.ts";

export async function hummingbert(dtype: "f32" | "w8", simd: "wide" | "standard", { model, threads }: EngineOptions): Promise<Engine> {
  if (simd === "wide") enableExperimentalSimd();
  const encoder = await loadModelFromFiles(await openModelFiles(model, {}), { device: "wasm", dtype, threads, architecture: "BertModel" });
  const C = Number(encoder.config.hidden_size);
  return {
    async embed(batch) {
      const inputs = batch.map((ids) => ({ ids }));
      const [pooled] = await encoder.computeHidden(inputs, (backend, hidden, sequences) => {
        const mean = backend.alloc(sequences.B, C);
        backend.pool(mean, hidden, sequences, "mean");
        const unit = backend.alloc(sequences.B, C);
        backend.normalize(unit, mean);
        return [unit];
      });
      return batch.map((_, b) => pooled!.slice(b * C, (b + 1) * C));
    },
  };
}
