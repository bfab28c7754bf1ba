/**
 * A model on the Hub where there is no file system: browsers, workers, edge functions. Files are kept whole in the Cache API (where the
 * runtime has it) under their commit's address, and read from there by ranges without coming into memory at once. The commit is that of the first
 * answer, and stays, so that files never mix; to follow a branch that has moved, delete the cache or name the revision. Redirects to the storage hide
 * the Hub's headers from a page, so a file is checked by its size and, where the storage's ETag is a SHA-256, by that.
 */

import { throwIfAborted } from "../checks.ts";
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

interface Fetched {
  /** Undefined where the model has no such file. */
  readonly blob: Blob | undefined;
  /** The commit that the answer is about, where the server tells. */
  readonly commit: string | undefined;
}

/** Downloads of this page or worker, shared by everyone who wants the same file. */
const downloads = new InFlight<Fetched>();

/** What the folders of one model share: the commit that its revision means, and the end of the first question, which pins it. */
interface Pin {
  commit: string | undefined;
  first: Promise<void> | undefined;
}

export class WebHubFiles implements ModelFiles {
  readonly label: string;
  readonly #options: WebHubOptions;
  readonly #network: Network;
  readonly #folder: string;
  readonly #pin: Pin;

  constructor(options: WebHubOptions, folder = "", pin: Pin = { commit: undefined, first: undefined }) {
    this.#options = options;
    this.#network = options.network ?? defaultNetwork();
    this.#folder = folder;
    this.#pin = pin;
    this.label = `${options.repository.id}${options.revision === "main" ? "" : `@${options.revision}`}${folder === "" ? "" : `/${folder}`}`;
  }

  async readIfPresent(name: string, signal?: AbortSignal): Promise<Uint8Array | undefined> {
    const blob = await this.#blob(name, signal, true);
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
    return new WebHubFiles(this.#options, joinName(this.#folder, safeName(path, this.label)), this.#pin);
  }

  async #present(name: string, signal: AbortSignal | undefined): Promise<Blob> {
    const blob = await this.#blob(name, signal, false);
    if (blob === undefined)
      throw new DownloadError(`The model ${this.label} has no file ${name}; check the id, and that it is a model this library reads.`);
    return blob;
  }

  /** Nothing is awaited before the first question is noted: questions that come meanwhile wait for its commit. */
  async #blob(name: string, signal: AbortSignal | undefined, optional: boolean): Promise<Blob | undefined> {
    const pin = this.#pin;
    if (pin.first !== undefined) await pin.first;
    const finding = this.#find(name, signal, optional);
    const over = () => undefined;
    pin.first ??= finding.then(over, over);
    return finding;
  }

  async #find(name: string, callSignal: AbortSignal | undefined, optional: boolean): Promise<Blob | undefined> {
    const { repository, revision, cacheName, offline, progress } = this.#options;
    const pin = this.#pin;
    const signal = callSignal ?? this.#options.signal;
    throwIfAborted(signal);
    const inside = joinName(this.#folder, safeName(name, this.label));
    const cache = await openCache(cacheName);
    const noted = pin.commit ?? (isCommit(revision) ? revision : await (await cache?.match(this.#ref))?.text());
    pin.commit ??= noted;
    const { commit } = pin;
    const url = resolveUrl(repository, commit ?? revision, inside);
    const known = await cache?.match(url);
    if (known !== undefined) return known.status === absentStatus ? undefined : known.blob();
    if (offline) {
      if (optional && (commit !== undefined || (await cache?.match(resolveUrl(repository, revision, "config.json"))))) return undefined;
      throw new DownloadError(
        `${inside} of ${this.label} is not in the cache, and downloads are off (localFilesOnly); load it once online.`,
      );
    }
    const fetched = await downloads.join(
      `${url} ${repository.token}`,
      (joint, onBytes) => this.#fetch(url, inside, cache, joint, onBytes),
      signal,
      (loaded, total) => progress.report(inside, loaded, total),
    );
    pin.commit ??= fetched.commit;
    return fetched.blob;
  }

  /** A made-up address, under which the cache has the commit that the revision means. */
  get #ref(): string {
    const { repository, revision } = this.#options;
    return `${repository.endpoint}/${repository.id}/refs/${revision}`;
  }

  async #fetch(
    url: string,
    inside: string,
    cache: Cache | undefined,
    signal: AbortSignal,
    onBytes: (loaded: number, total: number | undefined) => void,
  ): Promise<Fetched> {
    const { repository, revision } = this.#options;
    const what = `${inside} of ${this.label}`;
    let absent: Response | undefined;
    const onStatus = (response: Response) => {
      if (response.status === 404 && ["EntryNotFound", null].includes(response.headers.get("x-error-code"))) absent = response;
      return refusal(response, repository, revision, url);
    };
    for (let attempt = 1; ; attempt++) {
      const sink = new MemorySink();
      try {
        const response = await transfer(url, what, sink, { headers: authorization(repository), signal, onBytes, onStatus }, this.#network);
        const bytes = genuine(inside, this.label, sink.bytes());
        if (await hasHashOf(response, bytes)) return await this.#keep(cache, url, inside, response, bytes);
        if (attempt === 2) throw new DownloadError(`${what} arrived damaged: its SHA-256 is not the server's. Is a proxy in between?`);
      } catch (error) {
        if (absent !== undefined) return this.#keep(cache, url, inside, absent, undefined);
        throw error;
      }
    }
  }

  /** Puts the file, or that there is none, into the cache under its commit; where there is no room it is simply fetched again next time. */
  async #keep(cache: Cache | undefined, url: string, inside: string, response: Response, bytes: Uint8Array | undefined): Promise<Fetched> {
    const { repository } = this.#options;
    const told = response.headers.get("x-repo-commit");
    const commit = this.#pin.commit ?? (told !== null && isCommit(told) ? told : undefined);
    const kept = commit === undefined ? url : resolveUrl(repository, commit, inside);
    const blob = bytes && new Blob([bytes as Uint8Array<ArrayBuffer>]);
    try {
      if (commit !== undefined && this.#pin.commit === undefined) await cache?.put(this.#ref, new Response(commit));
      if (blob) await cache?.put(kept, new Response(blob, { headers: { "Content-Length": String(blob.size) } }));
      else if (commit !== undefined) await cache?.put(kept, new Response(null, { status: absentStatus }));
      return { blob: blob && ((await (await cache?.match(kept))?.blob()) ?? blob), commit }; // the cache's own blob need not stay in memory
    } catch {
      return { blob, commit };
    }
  }
}

/** How the cache notes that a commit has no such file. */
const absentStatus = 404;

const isCommit = (revision: string) => /^[0-9a-f]{40}$/.test(revision);

async function openCache(name: string): Promise<Cache | undefined> {
  try {
    return typeof caches === "undefined" ? undefined : await caches.open(name);
  } catch {
    return undefined; // an opaque origin, a private window
  }
}

async function hasHashOf(response: Response, bytes: Uint8Array): Promise<boolean> {
  const etag = (response.headers.get("x-linked-etag") ?? response.headers.get("etag") ?? "").replace(/^"(.*)"$/, "$1");
  if (!/^[0-9a-f]{64}$/.test(etag) || typeof crypto === "undefined" || crypto.subtle === undefined) return true;
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes as Uint8Array<ArrayBuffer>));
  return Array.from(hash, (byte) => byte.toString(16).padStart(2, "0")).join("") === etag;
}
