/**
 * A model on the Hub where there is no file system: browsers, workers, edge functions. Files are kept whole in the Cache API (where the
 * runtime has it) under their address, and read from there by ranges without coming into memory at once. Redirects to the storage hide the
 * Hub's headers from a page, so a file is checked by its size and, where the storage's ETag is a SHA-256, by that.
 */

import { DownloadError } from "../errors.ts";
import type { ByteSource } from "../safetensors/types.ts";
import { genuine } from "./content.ts";
import { defaultNetwork, type Network } from "./http.ts";
import { authorization, refusal, resolveUrl } from "./hub.ts";
import { InFlight } from "./inflight.ts";
import { blobSource } from "./memory.ts";
import { MemorySink } from "./memory-sink.ts";
import { folderOf, joinName, safeName } from "./names.ts";
import { transfer } from "./transfer.ts";
import type { HubRequest, ModelFiles } from "./types.ts";

export interface WebHubOptions extends HubRequest {
  /** Name of the cache; its entries are complete responses. */
  readonly cacheName: string;
}

/** Downloads of this page or worker, shared by everyone who wants the same file. */
const downloads = new InFlight<Blob | undefined>();

export class WebHubFiles implements ModelFiles {
  readonly label: string;
  readonly #options: WebHubOptions;
  readonly #network: Network;
  readonly #folder: string;

  constructor(options: WebHubOptions, folder = "") {
    this.#options = options;
    this.#network = options.network ?? defaultNetwork();
    this.#folder = folder;
    this.label = `${options.repository.id}${options.revision === "main" ? "" : `@${options.revision}`}${folder === "" ? "" : `/${folder}`}`;
  }

  async readIfPresent(name: string, signal?: AbortSignal): Promise<Uint8Array | undefined> {
    const blob = await this.#blob(name, signal);
    return blob === undefined ? undefined : genuine(name, this.label, new Uint8Array(await blob.arrayBuffer()));
  }

  async read(name: string, signal?: AbortSignal): Promise<Uint8Array> {
    return genuine(name, this.label, new Uint8Array(await (await this.#present(name, signal)).arrayBuffer()));
  }

  async open(name: string, signal?: AbortSignal): Promise<ByteSource> {
    const folder = this.subfolder(folderOf(name));
    return { ...blobSource(await this.#present(name, signal)), sibling: (other) => folder.open(other) };
  }

  subfolder(path: string): WebHubFiles {
    return new WebHubFiles(this.#options, joinName(this.#folder, safeName(path, this.label)));
  }

  async #present(name: string, signal: AbortSignal | undefined): Promise<Blob> {
    const blob = await this.#blob(name, signal);
    if (blob === undefined)
      throw new DownloadError(`The model ${this.label} has no file ${name}; check the id, and that it is a model this library reads.`);
    return blob;
  }

  async #blob(name: string, callSignal: AbortSignal | undefined): Promise<Blob | undefined> {
    const { repository, revision, cacheName, offline, progress } = this.#options;
    const signal = callSignal ?? this.#options.signal;
    signal?.throwIfAborted();
    const inside = joinName(this.#folder, safeName(name, this.label));
    const url = resolveUrl(repository, revision, inside);
    const cache = await openCache(cacheName);
    const known = await cache?.match(url);
    if (known !== undefined) return known.blob();
    if (offline)
      throw new DownloadError(
        `${inside} of ${this.label} is not in the cache, and downloads are off (localFilesOnly); load it once online.`,
      );
    return downloads.join(
      url,
      (joint, onBytes) => this.#fetch(url, inside, cache, joint, onBytes),
      signal,
      (loaded, total) => progress.report(inside, loaded, total),
    );
  }

  async #fetch(
    url: string,
    inside: string,
    cache: Cache | undefined,
    signal: AbortSignal,
    onBytes: (loaded: number, total: number | undefined) => void,
  ): Promise<Blob | undefined> {
    const { repository, revision } = this.#options;
    const what = `${inside} of ${this.label}`;
    let absent = false;
    const onStatus = (response: Response) => {
      absent = response.status === 404 && ["EntryNotFound", null].includes(response.headers.get("x-error-code"));
      return refusal(response, repository, revision, url);
    };
    for (let attempt = 1; ; attempt++) {
      const sink = new MemorySink();
      try {
        const response = await transfer(url, what, sink, { headers: authorization(repository), signal, onBytes, onStatus }, this.#network);
        const bytes = genuine(inside, this.label, sink.bytes());
        if (await hasHashOf(response, bytes)) return await keep(cache, url, bytes);
        if (attempt === 2) throw new DownloadError(`${what} arrived damaged: its SHA-256 is not the server's. Is a proxy in between?`);
      } catch (error) {
        if (absent) return undefined;
        throw error;
      }
    }
  }
}

async function openCache(name: string): Promise<Cache | undefined> {
  try {
    return typeof caches === "undefined" ? undefined : await caches.open(name);
  } catch {
    return undefined; // an opaque origin, a private window
  }
}

/** Puts the file into the cache; where there is no room it is simply fetched again next time. */
async function keep(cache: Cache | undefined, url: string, bytes: Uint8Array): Promise<Blob> {
  const blob = new Blob([bytes as Uint8Array<ArrayBuffer>]);
  try {
    await cache?.put(url, new Response(blob, { headers: { "Content-Length": String(blob.size) } }));
    return (await (await cache?.match(url))?.blob()) ?? blob; // the cache's own blob need not stay in memory
  } catch {
    return blob;
  }
}

async function hasHashOf(response: Response, bytes: Uint8Array): Promise<boolean> {
  const etag = (response.headers.get("x-linked-etag") ?? response.headers.get("etag") ?? "").replace(/^"(.*)"$/, "$1");
  if (!/^[0-9a-f]{64}$/.test(etag) || typeof crypto === "undefined" || crypto.subtle === undefined) return true;
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes as Uint8Array<ArrayBuffer>));
  return Array.from(hash, (byte) => byte.toString(16).padStart(2, "0")).join("") === etag;
}
