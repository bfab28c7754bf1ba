/**
 * Where a model comes from, as types: what a user may give (`ModelSource`), how loading is steered (`LoadOptions`),
 * and `ModelFiles`, the one view of a model folder that the rest of the library sees, be it on disk, on the Hub,
 * behind a URL or in memory. Names are paths inside the repository with forward slashes ("1_Pooling/config.json").
 */

import type { ByteSource } from "../safetensors/types.ts";
import type { Device } from "../tensor/device.ts";
import type { Network } from "./http.ts";
import type { Repository } from "./hub.ts";
import type { DownloadProgress } from "./progress.ts";

/**
 * Hub id, folder path, file: or http(s) URL of a folder, or the files themselves (name in the repository -> bytes).
 * A string that names an existing folder is that folder; "./x", "/x", "x:\\y" are never Hub ids.
 */
export type ModelSource = string | ReadonlyMap<string, Uint8Array | Blob>;

/**
 * One aggregated progress. `loaded` never falls within a phase; `total` is given where it is known, which for "download" is from the moment that weights
 * are being fetched (weights of a later module add theirs). Behind a URL, where weights are read by ranges, "download" and "load" take turns, and what the
 * model does not use is never downloaded.
 */
export interface Progress {
  phase: "download" | "load" | "run";
  unit: "bytes" | "texts";
  loaded: number;
  total?: number;
  file?: string;
}

export interface LoadOptions {
  device?: "auto" | "wasm" | "loops" | "reference" | Device;
  devices?: readonly Device[];
  dtype?: "auto" | "f32" | "w8";
  threads?: number | "auto";
  worker?: boolean;
  revision?: string;
  subfolder?: string;
  cacheDir?: string;
  token?: string;
  localFilesOnly?: boolean;
  signal?: AbortSignal;
  onProgress?: (event: Progress) => void;
}

/** A model folder, wherever it is. Files are fetched when asked for, each at most once. */
export interface ModelFiles {
  /** What the user gave (and the subfolder), for error sentences. */
  readonly label: string;
  /** The whole file, or undefined where the folder has no such file. Do not write to the bytes. */
  readIfPresent(name: string, signal?: AbortSignal): Promise<Uint8Array | undefined>;
  /** The whole file. A ConfigError (local) or DownloadError (network) names label and file where it is absent. */
  read(name: string, signal?: AbortSignal): Promise<Uint8Array>;
  /** The file by byte ranges; `sibling` opens its neighbours, so that openSafetensors finds shards. */
  open(name: string, signal?: AbortSignal): Promise<ByteSource>;
  /** The same source seen from a folder inside it: "1_Pooling". */
  subfolder(path: string): ModelFiles;
  /** Resolves when nothing is left on the disk of downloads that were given up. */
  cleared?(): Promise<unknown>;
}

/** What both ways to the Hub need: through the cache on disk, and through the Cache API. */
export interface HubRequest {
  readonly repository: Repository;
  readonly revision: string;
  /** Nothing may be fetched: HF_HUB_OFFLINE or localFilesOnly. */
  readonly offline: boolean;
  readonly progress: DownloadProgress;
  /** The load's own signal; each call may bring another. */
  readonly signal: AbortSignal | undefined;
  /** For tests: how patient to be. */
  readonly network?: Network;
}
