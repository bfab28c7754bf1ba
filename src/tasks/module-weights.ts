/**
 * The weights of a module beside the Transformer (2_Dense, 3_LayerNorm): model.safetensors of its own folder.
 */

import { UnsupportedError } from "../errors.ts";
import type { ModelFiles } from "../files/types.ts";
import { openSafetensors } from "../safetensors/index.ts";
import type { Safetensors } from "../safetensors/types.ts";

/** The module's own model.safetensors. */
export async function openModuleWeights(files: ModelFiles, signal?: AbortSignal): Promise<Safetensors> {
  try {
    return await openSafetensors(await files.open("model.safetensors", signal));
  } catch (error) {
    if ((await files.readIfPresent("pytorch_model.bin", signal)) === undefined) throw error;
    throw new UnsupportedError(
      `${files.label}: has its weights in pytorch_model.bin only; save the model again with sentence-transformers, which writes model.safetensors`,
      { cause: error },
    );
  }
}
