/**
 * Quantising a checkpoint to w8 on disk: the model is loaded with dtype "w8" and whatever the loader made int8 is written.
 * So the file holds the same bytes that loading the float file with dtype "w8" makes, and the rule is in one place (w8-policy.ts).
 *
 * Written as compressed-tensors "int-quantized": `weight` I8 [N, K] and `weight_scale` F32 [N, 1], symmetric, no calibration data.
 * Everything else keeps its bytes; buffers that are no weights (position_ids) are dropped.
 */

import { ConfigError } from "../errors.ts";
import type { ModelFiles } from "../files/types.ts";
import { createBackend } from "../kernels/choose.ts";
import { type DType, serializeSafetensors } from "../safetensors/index.ts";
import type { WeightMatrix } from "../tensor/weights.ts";
import { buildModel } from "./assemble.ts";
import { Config } from "./config.ts";
import { architectureOf } from "./families.ts";
import { loadHead } from "./heads.ts";
import { openWeights } from "./weight-files.ts";

export interface QuantizedModel {
  /** model.safetensors. */
  readonly weights: Uint8Array;
  /** config.json with its quantization_config, as text. */
  readonly config: string;
  /** How many matrices became int8, and how many tensors stayed. */
  readonly counts: { readonly int8: number; readonly kept: number };
}

/** @throws ConfigError for a folder that is quantised already; else as loadModel */
export async function quantizeModel(files: ModelFiles): Promise<QuantizedModel> {
  const config = Config.parse(await files.read("config.json"), files.label);
  if (config.object("quantization_config")) {
    throw new ConfigError(`${files.label} is quantised already (config.json has quantization_config); give the float checkpoint`);
  }
  const architecture = architectureOf(config);
  const file = await openWeights(files);
  const { backend } = await createBackend({ device: "reference" });
  try {
    const int8 = new Map<string, WeightMatrix>();
    const { facts } = await buildModel(file, backend, architecture, config, {
      dtype: "w8",
      loadHead,
      onInt8: (name, matrix) => int8.set(name, matrix),
    });
    const buffers = new Set(facts.unusedTensors.filter((name) => file.tensors.get(name)!.dtype.match(/^[IU]|BOOL/)));
    const tensors = new Map<string, { dtype: DType; shape: readonly number[]; data: Uint8Array }>();
    const ignored = new Set<string>();
    for (const [name, { dtype, shape }] of file.tensors) {
      const matrix = int8.get(name);
      if (matrix) {
        tensors.set(name, { dtype: "I8", shape, data: matrix.bytes });
        tensors.set(`${name}_scale`, { dtype: "F32", shape: [matrix.rows, 1], data: bytesOf(matrix.scale!) });
      } else if (!buffers.has(name)) {
        tensors.set(name, { dtype, shape, data: await file.bytes(name) });
        if (isLinearWeight(name, shape)) ignored.add(name.replace(/\.weight$/, ""));
      }
    }
    const quantized = { ...config.values, quantization_config: quantizationConfig([...int8.keys()], [...ignored]) };
    return {
      weights: serializeSafetensors(tensors, new Map([["format", "pt"]])),
      config: JSON.stringify(quantized, null, 2) + "\n",
      counts: { int8: int8.size, kept: tensors.size - 2 * int8.size },
    };
  } finally {
    backend.dispose();
    file.close();
  }
}

/** What compressed-tensors needs to read the file: which modules are int8 and how. */
function quantizationConfig(int8: readonly string[], ignore: readonly string[]): object {
  const words = int8.find((name) => /embeddings?\.weight$/.test(name));
  const targets = ["Linear", ...(words ? [`re:.*${words.split(".").at(-2)}`] : [])];
  return {
    quant_method: "compressed-tensors",
    format: "int-quantized",
    quantization_status: "compressed",
    config_groups: {
      group_0: {
        targets,
        weights: { num_bits: 8, type: "int", symmetric: true, strategy: "channel", dynamic: false },
        input_activations: null,
      },
    },
    ignore,
  };
}

function isLinearWeight(name: string, shape: readonly number[]): boolean {
  return shape.length === 2 && name.endsWith(".weight") && !/embeddings?\.weight$/.test(name);
}

function bytesOf(values: Float32Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}
