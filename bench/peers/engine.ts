/** The face every engine shows to the benchmark: ids in, one mean-pooled and normalised vector a text out. */

export interface Engine {
  embed(batch: readonly (readonly number[])[]): Promise<Float32Array[]>;
}

export interface EngineOptions {
  readonly model: string; // folder of the f32 model
  readonly onnx: string; // folder with model.onnx and model_int8.onnx
  readonly threads: number;
}

export type EngineFactory = (options: EngineOptions) => Promise<Engine>;

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
