/**
 * The backends of hummingbert/slim: wasm on one thread where it works, else loops; a device that the caller brings is used as it is.
 */

import { unexpected } from "../checks.ts";
import type { Backend } from "../tensor/backend.ts";
import { isBackendDevice } from "../tensor/device.ts";
import type { BackendChoice, ChosenBackend } from "./choose.ts";
import { fallBackTo } from "./fall-back.ts";
import { CoreLoopsBackend } from "./loops/core-backend.ts";
import { CoreWasmBackend } from "./wasm/core-backend.ts";
import { currentLevel } from "./wasm/features.ts";

const createLoops = () => new CoreLoopsBackend();
const fallBack = fallBackTo(createLoops);

const BACKENDS: ReadonlyMap<unknown, () => Backend> = new Map<unknown, () => Backend>([
  ["wasm", () => new CoreWasmBackend(currentLevel())],
  ["loops", createLoops],
]);

/** @throws ConfigError for a device that is not here, UnsupportedError for wasm where it is missing or forbidden */
export async function createSlimBackend({ device = "auto" }: BackendChoice): Promise<ChosenBackend> {
  if (device === "auto") return createAutomatically();
  if (typeof device === "object" && device !== null && isBackendDevice(device))
    return { backend: await device.createBackend(), reason: `device "${device.name}" was asked for` };
  const create = BACKENDS.get(device);
  if (create === undefined) throw unexpected("device", '"auto", "wasm" or "loops" (more are in "hummingbert")', device);
  return { backend: create(), reason: `device "${String(device)}" was asked for` };
}

function createAutomatically(): ChosenBackend {
  try {
    return { backend: new CoreWasmBackend(currentLevel()), reason: `"wasm" is the fastest in hummingbert/slim`, fallBack };
  } catch (error) {
    return fallBack(error as Error);
  }
}
