/** A threaded backend whose workers are up, and models on it. */
import { readdirSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { currentLevel } from "../../../../src/kernels/wasm/features.ts";
import { ThreadedBackend } from "../../../../src/kernels/wasm/threads/backend.ts";
import { Ledger } from "../../../../src/kernels/wasm/threads/ledger.ts";
import { sharedMemory } from "../../../../src/kernels/wasm/threads/support.ts";
import { loadModelFromFiles } from "../../../../src/models/load.ts";
import type { ModelInput } from "../../../../src/models/types.ts";
import { folderFiles } from "../../../models/folder.ts";

export function threaded(threads: number): ThreadedBackend {
  return new ThreadedBackend(currentLevel(), sharedMemory()!, threads);
}

/** Waits for the workers; without this every pass would run on one thread and prove nothing. */
export async function up(backend: ThreadedBackend): Promise<ThreadedBackend> {
  backend.start();
  backend.wakeFrom = 0;
  backend.ledger = new Ledger(() => undefined); // never on one thread
  for (let i = 0; !backend.isUp; i++) {
    if (i > 2000) throw new Error("no worker came up within 20 seconds");
    await sleep(10);
  }
  return backend;
}

export async function loadStarted(folder: string, threads: number, options: { dtype?: "f32" | "w8" } = {}) {
  const model = await loadModelFromFiles(folderFiles(folder), { device: "wasm", threads, ...options });
  if (threads > 1) await up(model.backend as ThreadedBackend);
  return model;
}

export function foldersIn(root: string): string[] {
  return readdirSync(root, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => `${root}/${entry.name}`);
}

/** Texts of the lengths, with ids below V that no special token has. */
export function texts(lengths: readonly number[], V: number, seed: number): ModelInput[] {
  return lengths.map((S, b) => ({ ids: Array.from({ length: S }, (_, i) => (7 + i * 7919 + b * 104729 + seed * 31) % V) }));
}
