/** What the tests of the Hub and its cache on disk share: before each of them a server with a model, and an empty cache. */

import fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, vi } from "vitest";
import { HubFiles } from "../../src/files/hub-files.ts";
import { DownloadProgress } from "../../src/files/progress.ts";
import type { Progress } from "../../src/files/types.ts";
import { etagOf, HubServer } from "./hub-server.ts";

export const id = "org/model";
export const config = '{"model_type":"bert"}';

const random = (size: number) => Uint8Array.from({ length: size }, (_, i) => (Math.imul(i, 2654435761) >>> 13) & 255);
export const weights = random(300_000);
export const large = random(2 ** 20 + 17);
/** Equal bytes, without a listing of 300,000 numbers where they are not. */
export const same = (expected: Uint8Array, found: Uint8Array) => Buffer.compare(found, expected) === 0;

export let server: HubServer;
export let root: string;
beforeEach(async () => {
  server = await HubServer.start();
  root = fs.mkdtempSync(join(tmpdir(), "hub-"));
  server.add(id, { "config.json": config, "1_Pooling/config.json": "{}", "model.safetensors": weights, "large.safetensors": large });
});
afterEach(async () => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  await server.stop();
  fs.rmSync(root, { recursive: true, force: true });
});

export const quick = { attempts: 3, backOffMs: 5, silenceMs: 10_000 }; // a busy machine is silent for a second, too

export interface Options {
  token?: string;
  revision?: string;
  offline?: boolean;
  signal?: AbortSignal;
  onProgress?: (event: Progress) => void;
  id?: string;
  silenceMs?: number;
}
export function hub(options: Options = {}): HubFiles {
  return new HubFiles({
    repository: { endpoint: server.endpoint, id: options.id ?? id, token: options.token },
    revision: options.revision ?? "main",
    root,
    offline: options.offline ?? false,
    progress: new DownloadProgress(options.onProgress),
    signal: options.signal,
    network: { ...quick, silenceMs: options.silenceMs ?? quick.silenceMs },
  });
}

/** Every path below the cache's root, folders left out. */
export function tree(): string[] {
  return fs
    .readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
    .sort();
}
export const temporaries = () => tree().filter((path) => path.includes("incomplete"));
export const folder = "models--org--model";
export const commit = () => server.repositories.get(id)?.commit as string;
export const blobOf = (name: string) =>
  join(root, folder, "blobs", etagOf(name, server.repositories.get(id)?.files.get(name) as Uint8Array));

export async function failure(run: Promise<unknown>): Promise<Error> {
  return run.then(
    () => {
      throw new Error("expected an error");
    },
    (error) => error,
  );
}

/** A server again, after a test has stopped its own; it knows nothing. */
export async function restart(): Promise<void> {
  server = await HubServer.start();
}
