/** The face every engine shows to the benchmark: ids in, one mean-pooled and normalised vector a text out. */

export interface Engine {
  /** What has to be found out about a batch before it can be timed. */
  prepare?(batch: readonly (readonly number[])[]): Promise<void>;
  embed(batch: readonly (readonly number[])[]): Promise<Float32Array[]>;
}

export interface EngineOptions {
  /** Folder of the model in safetensors. */
  readonly model: string;
  /** Folder that export_onnx.py wrote from it. */
  readonly onnx: string;
  readonly threads: number;
}

export type EngineFactory = (options: EngineOptions) => Promise<Engine>;

/** How several texts reach an engine: as they are, padded in one call, one by one, or sorted by length in buckets of its best size. "alone": it takes single texts only. */
export type Feeding = "ragged" | "padded" | "single" | "buckets" | "alone";

/** Mean over the real tokens and L2 norm, for engines that return a padded [B, S, C]. */
export function poolPadded(hidden: Float32Array, S: number, C: number, lengths: readonly number[]): Float32Array[] {
  return lengths.map((length, b) => {
    const mean = new Float32Array(C);
    for (let s = 0; s < length; s++) for (let c = 0; c < C; c++) mean[c]! += hidden[(b * S + s) * C + c]!;
    let squares = 0;
    for (let c = 0; c < C; c++) squares += mean[c]! * mean[c]!;
    const norm = Math.sqrt(squares);
    return mean.map((value) => value / norm);
  });
}

const BUCKET_SIZES = [2, 4, 8, 16] as const;

/** Feeds a padding engine's call as `feeding` says. `prepare` finds the best size of buckets for a batch. */
export function fed(call: Engine["embed"], feeding: Feeding): Engine {
  if (feeding === "padded" || feeding === "ragged") return { embed: call };
  if (feeding === "single") return { embed: (batch) => inBuckets(call, batch, 1) };
  const best = new Map<string, number>();
  const keyOf = (batch: readonly (readonly number[])[]) => batch.map((ids) => ids.length).join();
  return {
    async prepare(batch) {
      if (best.has(keyOf(batch))) return;
      await inBuckets(call, batch, 8); // warm
      const times: number[] = [];
      for (const size of BUCKET_SIZES) {
        const start = performance.now();
        await inBuckets(call, batch, size);
        times.push(performance.now() - start);
      }
      best.set(keyOf(batch), BUCKET_SIZES[times.indexOf(Math.min(...times))]!);
    },
    embed: (batch) => inBuckets(call, batch, best.get(keyOf(batch))!),
  };
}

async function inBuckets(call: Engine["embed"], batch: readonly (readonly number[])[], size: number): Promise<Float32Array[]> {
  const order = batch.map((_, i) => i).sort((a, b) => batch[a]!.length - batch[b]!.length);
  const out: Float32Array[] = new Array(batch.length);
  for (let first = 0; first < order.length; first += size) {
    const bucket = order.slice(first, first + size);
    const vectors = await call(bucket.map((i) => batch[i]!));
    bucket.forEach((i, k) => {
      out[i] = vectors[k]!;
    });
  }
  return out;
}
