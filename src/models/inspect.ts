/**
 * What a model folder holds and what it would cost, from config.json and the header of the weights alone: no tensor is read.
 *
 * The model is built on a TraceBackend over a checkpoint whose tensors are zeros, so that the report comes from the code that runs:
 * missing and unknown tensors are found by the same loader, operations and memory are counted by the same forward pass.
 */

import { WeightError } from "../errors.ts";
import type { ModelFiles } from "../files/types.ts";
import type { DType, Safetensors } from "../safetensors/types.ts";
import { Sequences } from "../tensor/sequences.ts";
import { type OpRecord, TraceBackend } from "../tensor/trace.ts";
import { buildModel } from "./assemble.ts";
import { Config } from "./config.ts";
import { architectureOf } from "./families.ts";
import { loadHead } from "./heads.ts";
import { runPass } from "./pass.ts";
import { openWeights } from "./weight-files.ts";

export interface TensorRow {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly bytes: number;
}

export interface ModelReport {
  readonly label: string;
  readonly architecture: string;
  readonly modelType: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly tensors: readonly TensorRow[];
  /** Values that are weights: int8 scales and integer buffers do not count. */
  readonly parameters: number;
  readonly fileBytes: number;
  readonly unusedTensors: readonly string[];
  /** The loader's error sentence where the weights do not fit the architecture; the fields below are then absent. */
  readonly problem?: string;
  readonly dtype?: "f32" | "w8";
  /** One forward pass over one text of `tokens` tokens. */
  readonly pass?: PassReport;
}

export interface PassReport {
  readonly tokens: number;
  readonly flops: number;
  readonly bytes: number;
  /** The most scratch in use at once, in bytes. */
  readonly scratchBytes: number;
  readonly ops: readonly OpRecord[];
}

const DEFAULT_TOKENS = 128;
/** The most rows of a block of a stretch, as the wasm backend cuts them. */
const BLOCK_ROWS = 256;

/**
 * @param tokens length of the text that the pass is counted for; cut to what the model can take
 * @param dtype as LoadOptions has it: "w8" reports what a float file would be when it is quantised while loading
 */
export async function inspectModel(
  files: ModelFiles,
  tokens = DEFAULT_TOKENS,
  dtype: "auto" | "f32" | "w8" = "auto",
): Promise<ModelReport> {
  const config = Config.parse(await files.read("config.json"), files.label);
  const architecture = architectureOf(config);
  const file = await openWeights(files);
  try {
    const tensors = [...file.tensors].map(([name, { dtype, shape, start, end }]) => ({ name, dtype, shape, bytes: end - start }));
    const report = {
      label: files.label,
      architecture: architecture.name,
      modelType: architecture.family.modelType,
      config: config.values,
      tensors,
      parameters: tensors.reduce((sum, tensor) => sum + parametersOf(tensor), 0),
      fileBytes: tensors.reduce((sum, { bytes }) => sum + bytes, 0),
    };
    // Scratch is what blocks of a stretch need; operations are counted for whole stretches, so that each op is one record.
    const [whole, blocked] = [new TraceBackend(), new TraceBackend({ blockRows: BLOCK_ROWS })];
    try {
      const trace = async (backend: TraceBackend) => {
        const { parts, facts } = await buildModel(zeros(file), backend, architecture, config, { dtype, loadHead });
        const S = Math.max(1, Math.min(tokens, parts.encoder.sizes.maxLength));
        backend.clear();
        await runPass(parts, { ids: new Int32Array(S), typeIds: new Int32Array(S), sequences: new Sequences([S]) }, {});
        return { S, facts };
      };
      const { S, facts } = await trace(whole);
      await trace(blocked);
      const { totalFlops: flops, totalBytes: bytes, records: ops } = whole;
      const pass = { tokens: S, flops, bytes, scratchBytes: 4 * blocked.peakScratch, ops };
      return { ...report, unusedTensors: facts.unusedTensors, dtype: facts.dtype, pass };
    } catch (error) {
      if (!(error instanceof WeightError)) throw error;
      return { ...report, unusedTensors: [], problem: error.message };
    }
  } finally {
    file.close();
  }
}

function parametersOf({ name, dtype, shape }: TensorRow): number {
  const isWeight = /^(B?F|F8)/.test(dtype) ? !name.endsWith("_scale") : dtype === "I8";
  return isWeight ? shape.reduce((product, length) => product * length, 1) : 0;
}

/** The same header over zeros: one buffer serves every tensor. */
function zeros(file: Safetensors): Safetensors {
  const largest = [...file.tensors.values()].reduce((max, { start, end }) => Math.max(max, end - start), 0);
  const buffer = new Uint8Array(largest);
  const bytes = (name: string) => {
    const { start, end } = file.tensors.get(name)!;
    return buffer.subarray(0, end - start);
  };
  return {
    metadata: file.metadata,
    tensors: file.tensors,
    bytes: async (name) => bytes(name),
    floats: async (name) => new Float32Array(file.tensors.get(name)!.shape.reduce((product, length) => product * length, 1)),
    close: () => {},
  };
}
