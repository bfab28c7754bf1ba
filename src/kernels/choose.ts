/**
 * Which backend runs a model: the one place that imports kernels.
 *
 *   "reference", "loops", "wasm"   that backend, or an error that says why not
 *   a Device                       the backend that the device makes
 *   "auto"                         wasm, or loops where wasm cannot run; with devices passed in, the fastest of wasm and them, measured once
 *
 * `reason` tells the user in one sentence what was chosen and why.
 */

import { checkList, unexpected } from "../checks.ts";
import { UnsupportedError } from "../errors.ts";
import type { Backend } from "../tensor/backend.ts";
import { type Device, isBackendDevice } from "../tensor/device.ts";
import { fallBackTo } from "./fall-back.ts";
import { chooseFastest } from "./fastest.ts";
import { LoopsBackend } from "./loops/backend.ts";
import { ReferenceBackend } from "./reference/backend.ts";
import { WasmBackend } from "./wasm/backend.ts";
import { currentLevel } from "./wasm/features.ts";
import { ThreadedBackend } from "./wasm/threads/backend.ts";
import { sharedMemory, threadCount, warnOneThread } from "./wasm/threads/support.ts";

export interface BackendChoice {
  readonly device?: "auto" | "wasm" | "loops" | "reference" | Device | undefined;
  /** Candidates for "auto" besides the built-in backends. */
  readonly devices?: readonly Device[] | undefined;
  /** Threads of the wasm backend; the others run on one. */
  readonly threads?: number | "auto" | undefined;
}

export interface ChosenBackend {
  readonly backend: Backend;
  readonly reason: string;
  /** Where the user left the choice: what to take instead if this backend is unsupported after all, a model's weights being too much for it. */
  readonly fallBack?: (error: UnsupportedError) => ChosenBackend | Promise<ChosenBackend>;
}

const fallBack = fallBackTo(() => new LoopsBackend());

/**
 * @throws ConfigError for a device that is not one of the names above and not made by webgpu() or gpuJs()
 * @throws UnsupportedError where the named backend cannot run here
 */
export async function createBackend(options: BackendChoice = {}): Promise<ChosenBackend> {
  const { device = "auto" } = options;
  if (typeof device === "object" && device !== null)
    return { backend: await fromDevice(device), reason: `device "${device.name}" was asked for` };
  switch (device) {
    case "reference":
      return { backend: new ReferenceBackend(), reason: `device "reference" was asked for` };
    case "loops":
      return { backend: new LoopsBackend(), reason: `device "loops" was asked for` };
    case "wasm":
      return { backend: await createWasm(options), reason: `device "wasm" was asked for` };
    case "auto":
      return chooseAutomatically(options);
    default:
      throw unexpected("device", '"auto", "wasm", "loops", "reference" or a device object', device);
  }
}

/** wasm where it works, else loops; with devices to choose from, what is fastest when measured here. */
async function chooseAutomatically(options: BackendChoice): Promise<ChosenBackend> {
  const wasm = { name: "wasm", create: () => createWasm(options) };
  const { devices: given = [] } = options;
  checkList(given, "devices", "a list of devices");
  const devices = given.map((device) => ({ name: device?.name, create: () => fromDevice(device) }));
  try {
    if (devices.length > 0) {
      const fastest = await chooseFastest([wasm, ...devices]);
      return { ...fastest, fallBack: fastest.backend.name === "wasm" ? fallBack : (error) => withoutDevices(options, error) };
    }
    return { backend: await wasm.create(), reason: '"wasm" works here', fallBack };
  } catch (error) {
    if (!(error instanceof UnsupportedError)) throw error;
    return fallBack(error);
  }
}

/** What a device has no room for, wasm may have. */
async function withoutDevices(options: BackendChoice, error: UnsupportedError): Promise<ChosenBackend> {
  const chosen = await chooseAutomatically({ ...options, devices: [] });
  return { ...chosen, reason: `${chosen.reason}; ${error.message}` };
}

async function fromDevice(device: Device): Promise<Backend> {
  if (!isBackendDevice(device)) {
    throw unexpected("device", "webgpu() or gpuJs()", device);
  }
  return device.createBackend();
}

/** @throws UnsupportedError where WebAssembly or its SIMD is missing or forbidden */
async function createWasm({ threads }: BackendChoice): Promise<Backend> {
  const level = currentLevel();
  const count = threadCount(threads);
  const memory = count > 1 ? sharedMemory() : undefined;
  if (memory) {
    try {
      return new ThreadedBackend(level, memory, count);
    } catch (error) {
      if (!(error instanceof UnsupportedError)) throw error;
      warnOneThread(error.message); // kernels compiled ahead of time may be for one thread only
    }
  }
  return new WasmBackend(level);
}
