/**
 * From a source to a running model: config.json names the architecture, the architecture names the tensors, the checkpoint provides them.
 * The header is read first, then only the tensors that the model uses, each once.
 */

import { checkOneOf, unexpected } from "../checks.ts";
import { UnsupportedError } from "../errors.ts";
import type { ModelFiles } from "../files/types.ts";
import { Pooler } from "../layers/pooler.ts";
import type { Safetensors } from "../safetensors/types.ts";
import type { Backend } from "../tensor/backend.ts";
import { Checkpoint, type CheckpointOptions } from "./checkpoint.ts";
import { Config } from "./config.ts";
import { EncoderModel, type ModelFacts } from "./encoder-model.ts";
import { type Architecture, type Family, findArchitecture, isKnownSurplus } from "./family.ts";
import type { loadHead } from "./heads.ts";
import type { ModelParts } from "./pass.ts";
import type { ModelOptions } from "./types.ts";

interface ChosenBackend {
  readonly backend: Backend;
  readonly reason?: string;
  /** What to take instead where the weights are more than the backend may hold. */
  readonly fallBack?: (error: UnsupportedError) => ChosenBackend | Promise<ChosenBackend>;
}

/** What a model can be made of: load.ts names everything there is, a small bundle names less. */
export interface ModelKit {
  readonly families: readonly Family[];
  readonly createBackend: (options: ModelOptions) => Promise<ChosenBackend>;
  readonly openWeights: (files: ModelFiles, signal?: AbortSignal) => Promise<Safetensors>;
  /** Absent where every model is a bare encoder. */
  readonly loadHead?: typeof loadHead | undefined;
  /** Absent where no file is on a disk. */
  readonly readInPlace?: CheckpointOptions["readInPlace"];
}

/** Loads a model from files that are open already. Options and errors as loadModel. */
export async function loadModelWith(kit: ModelKit, files: ModelFiles, options: ModelOptions = {}): Promise<EncoderModel> {
  const { signal, onProgress, dtype = "auto" } = options;
  checkOneOf(dtype, "dtype", ["auto", "f32", "w8"]);
  const config = Config.parse(await files.read("config.json", signal), files.label);
  const architecture = findArchitecture(kit.families, config, options.architecture);
  checkQuantization(config);
  const file = await kit.openWeights(files, signal);
  let read = 0; // never falls, also where another backend begins anew
  let isOver = false;
  try {
    const total = [...file.tensors.values()].reduce((sum, { start, end }) => sum + end - start, 0);
    const onRead =
      onProgress &&
      ((loaded: number) => {
        if (isOver || signal?.aborted) return; // where one tensor has failed, others may still be on their way
        read = Math.max(read, loaded);
        onProgress({ phase: "load", unit: "bytes", loaded: read, total });
      });
    const build = async ({ backend, reason = "the only one", fallBack }: ChosenBackend): Promise<EncoderModel> => {
      try {
        const { parts, facts } = await buildModel(file, backend, architecture, config, { ...kit, dtype, signal, onRead });
        onRead?.(total); // tensors that the model does not use were not read
        return new EncoderModel(parts, { ...facts, deviceReason: reason });
      } catch (error) {
        backend.dispose();
        if (fallBack && error instanceof UnsupportedError) return build(await fallBack(error));
        throw error;
      }
    };
    return await build(await kit.createBackend(options));
  } finally {
    isOver = true;
    file.close();
  }
}

/** Encoder, pooler and heads from an opened checkpoint, and an account of every tensor in it. */
export async function buildModel(
  file: Safetensors,
  backend: Backend,
  architecture: Architecture,
  config: Config,
  options: CheckpointOptions & Pick<ModelKit, "loadHead">,
): Promise<{ parts: ModelParts; facts: Omit<ModelFacts, "deviceReason"> }> {
  const { family, kind, heads: rows } = architecture;
  const root = Checkpoint.of(file, backend, config.label, options);
  const prefix = ["", family.prefix].flat().find((path) => root.at(path).has(family.landmark)) ?? "";
  const inEncoder = root.at(prefix);
  const encoder = await family.load(inEncoder, config);
  const needsPooler = rows.some(({ input }) => input === "pooled");
  const mayPool = family.pooler !== undefined && !family.withoutPooler?.includes(kind);
  const hasPooler = mayPool && (needsPooler || inEncoder.has(`${family.pooler.name}.weight`));
  const pooler = hasPooler ? await Pooler.load(inEncoder, family.pooler.name, encoder.sizes.C, family.pooler.activation) : undefined;
  const heads = [];
  for (const row of rows) heads.push(await options.loadHead!(row, root, inEncoder, config, encoder.sizes));
  const unusedTensors = root.unused(isKnownSurplus(family, config, prefix));
  return { parts: { backend, encoder, pooler, heads }, facts: { architecture, config, dtype: root.dtype, unusedTensors } };
}

/** Weights quantised in a way this engine does not read would fail on a missing tensor; this says why. */
function checkQuantization(config: Config): void {
  const quantization = config.object("quantization_config");
  if (!quantization) return;
  const { quant_method: method, format } = quantization;
  if (method !== "compressed-tensors" || (format !== undefined && format !== "int-quantized")) {
    const found = format === undefined ? method : `${method} ${format}`;
    throw unexpected(`${config.prefix}quantization_config`, "compressed-tensors int-quantized, or none", found);
  }
}
