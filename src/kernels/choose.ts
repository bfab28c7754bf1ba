/**
 * Which backend runs a model: the one place that imports kernels.
 *
 *   "reference", "loops", "wasm"   that backend, or an error that says why not
 *   a Device                       the backend that the device makes
 *   "auto"                         the first of wasm, the devices passed in, and loops that works here
 *
 * `reason` tells the user in one sentence what was chosen and why.
 */

import { ConfigError } from "../errors.ts";
import type { Backend } from "../tensor/backend.ts";
import { type Device, isBackendDevice } from "../tensor/device.ts";
import { LoopsBackend } from "./loops/backend.ts";
import { ReferenceBackend } from "./reference/backend.ts";
import { WasmBackend } from "./wasm/backend.ts";
import { currentLevel } from "./wasm/features.ts";
import { ThreadedBackend } from "./wasm/threads/backend.ts";
import { sharedMemory, threadCount } from "./wasm/threads/support.ts";

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
}

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
      throw new ConfigError(`device: expected "auto", "wasm", "loops", "reference" or a device object, got ${JSON.stringify(device)}`);
  }
}

/** Tries the candidates in order of expected speed and keeps the reasons of those that fail. */
async function chooseAutomatically(options: BackendChoice): Promise<ChosenBackend> {
  const failures: string[] = [];
  const candidates: [name: string, create: () => Promise<Backend>][] = [
    ["wasm", () => createWasm(options)],
    ...(options.devices ?? []).map((device): [string, () => Promise<Backend>] => [device.name, () => fromDevice(device)]),
  ];
  for (const [name, create] of candidates) {
    try {
      return { backend: await create(), reason: [`"${name}" is the fastest that works here`, ...failures].join("; ") };
    } catch (error) {
      if (error instanceof ConfigError) throw error;
      failures.push(`${name}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  return { backend: new LoopsBackend(), reason: ["loops is the fallback", ...failures].join("; ") };
}

async function fromDevice(device: Device): Promise<Backend> {
  if (!isBackendDevice(device)) {
    throw new ConfigError(`device "${device.name}" cannot make a backend; pass what webgpu() or gpuJs() returned`);
  }
  return device.createBackend();
}

/** @throws UnsupportedError where WebAssembly or its SIMD is missing or forbidden */
async function createWasm({ threads }: BackendChoice): Promise<Backend> {
  const count = threadCount(threads);
  const memory = count > 1 ? sharedMemory() : undefined;
  return memory ? new ThreadedBackend(currentLevel(), memory, count) : new WasmBackend(currentLevel());
}
