/**
 * A model on the Hub, read through the Hugging Face cache on disk (Node, Deno, Bun). What is cached is used without asking anybody: the
 * commit that refs/REVISION names stays the model's commit, also for files that are still to be fetched, so files never mix.
 * To follow a branch that has moved, delete the model's folder in the cache or name the revision.
 */

import { throwIfAborted } from "../checks.ts";
import { DownloadError } from "../errors.ts";
import type { ByteSource } from "../safetensors/types.ts";
import { genuine } from "./content.ts";
import { openFile, readFile } from "./folder.ts";
import { causeOf, defaultNetwork, type Network, NoAnswer } from "./http.ts";
import { askHub, type RemoteFile } from "./hub.ts";
import { HubCache } from "./hub-cache.ts";
import { explained, fetchBlob } from "./hub-download.ts";
import { InFlight, type OnBytes } from "./inflight.ts";
import { folderOf, joinName, safeName } from "./names.ts";
import type { HubRequest, ModelFiles } from "./types.ts";

export interface HubOptions extends HubRequest {
  /** Folder of the cache (HF_HUB_CACHE). */
  readonly root: string;
}

/** As long as huggingface_hub waits for an answer about a file. */
const longestQuickTryMs = 10_000;

/** Downloads of this process, shared by everyone who wants the same file of the same cache. */
const downloads = new InFlight<string | undefined>();

/** What the folders of one model share. */
interface Shared extends HubOptions {
  readonly cache: HubCache;
  readonly network: Network;
  /** The first question to the Hub for this revision: it pins the commit. */
  pinning: Promise<unknown> | undefined;
  /** The Hub gave no answer about a model that is all there: it is not asked again for each optional file. */
  isUnreachable: boolean;
}

export class HubFiles implements ModelFiles {
  readonly label: string;
  readonly #shared: Shared;
  readonly #folder: string;

  constructor(options: HubOptions | Shared, folder = "") {
    const { repository, revision } = options;
    this.#shared =
      "cache" in options
        ? options
        : {
            ...options,
            cache: new HubCache(options.root, repository.id),
            network: options.network ?? defaultNetwork(),
            pinning: undefined,
            isUnreachable: false,
          };
    this.#folder = folder;
    this.label = `${repository.id}${revision === "main" ? "" : `@${revision}`}${folder === "" ? "" : `/${folder}`}`;
  }

  async readIfPresent(name: string, signal?: AbortSignal): Promise<Uint8Array | undefined> {
    const path = await this.#locate(name, signal, true);
    return path === undefined ? undefined : genuine(name, this.label, readFile(path));
  }

  async read(name: string, signal?: AbortSignal): Promise<Uint8Array> {
    return genuine(name, this.label, readFile(await this.#present(name, signal)));
  }

  async open(name: string, signal?: AbortSignal): Promise<ByteSource> {
    const folder = this.subfolder(folderOf(name));
    return openFile(await this.#present(name, signal), (sibling) => folder.open(sibling));
  }

  subfolder(path: string): HubFiles {
    return new HubFiles(this.#shared, joinName(this.#folder, safeName(path, this.label)));
  }

  cleared(): Promise<unknown> {
    return downloads.cleared();
  }

  async #present(name: string, signal: AbortSignal | undefined): Promise<string> {
    const path = await this.#locate(name, signal, false);
    if (path !== undefined) return path;
    const commit = this.#shared.cache.commitOf(this.#shared.revision)?.slice(0, 7);
    throw new DownloadError(
      `The model ${this.label} has no file ${name}${commit ? ` in its commit ${commit}` : ""}; check the id, and that it is a model this library reads.`,
    );
  }

  /** Path of the file in the cache, downloaded if need be; undefined where the model has none. */
  async #locate(name: string, callSignal: AbortSignal | undefined, optional: boolean): Promise<string | undefined> {
    const shared = this.#shared;
    const signal = callSignal ?? shared.signal;
    throwIfAborted(signal);
    const inside = joinName(this.#folder, safeName(name, this.label));
    const cached = this.#cached(inside);
    if (cached !== "unknown") return cached;
    const commit = shared.cache.commitOf(shared.revision);
    if (shared.offline) {
      if (optional && commit !== undefined && shared.cache.hasSnapshot(commit)) return undefined;
      throw this.#offline(inside, commit);
    }
    if (optional && shared.isUnreachable) return undefined;
    const { endpoint, id, token } = shared.repository;
    const key = [endpoint, shared.root, id, shared.revision, inside, token].join(" ");
    const onBytes: OnBytes = (loaded, total) => shared.progress.report(inside, loaded, total);
    try {
      return await downloads.join(key, (joint, tell) => this.#fetch(inside, joint, tell), signal, onBytes);
    } catch (error) {
      const silent = error instanceof NoAnswer;
      if (!silent && !(error instanceof DownloadError && error.cause instanceof NoAnswer)) throw error;
      // Without a network a model that is all there is used; one that was cut short is not taken for whole.
      if (optional && commit !== undefined && shared.cache.looksComplete(commit, this.#folder)) {
        shared.isUnreachable = true;
        return undefined;
      }
      if (!silent) throw error;
      throw new DownloadError(
        `${inside} of ${this.label} is not in the cache, and ${causeOf(error)}. Check the connection, or use a folder.`,
        { cause: error },
      );
    }
  }

  /** The path where the cache has the file and it is sound; undefined where it knows that there is none. */
  #cached(inside: string): string | undefined | "unknown" {
    const { cache, revision, offline, root } = this.#shared;
    const commit = cache.commitOf(revision);
    if (commit === undefined) return "unknown";
    const path = cache.find(commit, inside);
    if (path === undefined) return cache.isKnownAbsent(commit, inside) ? undefined : "unknown";
    if (cache.isSound(path)) return path;
    if (offline)
      throw new DownloadError(
        `${inside} of ${this.label} is corrupt in the cache (${root}), and there is no network to fetch it again; go online once.`,
      );
    cache.discard(path);
    return "unknown";
  }

  #offline(inside: string, commit: string | undefined): DownloadError {
    const what = commit === undefined ? `The model ${this.label}` : `${inside} of ${this.label}`;
    return new DownloadError(
      `${what} is not in the cache (${this.#shared.root}), and downloads are off (HF_HUB_OFFLINE or localFilesOnly); load it once online, or give a folder.`,
    );
  }

  async #fetch(inside: string, signal: AbortSignal, onBytes: OnBytes): Promise<string | undefined> {
    const { repository, cache, network, root } = this.#shared;
    const remote = await this.#ask(inside, signal);
    if (!("etag" in remote)) {
      if (remote.absentIn !== undefined) cache.markAbsent(remote.absentIn, inside);
      return undefined;
    }
    try {
      await fetchBlob({ repository, remote, name: inside, signal, onBytes, network }, cache);
      return cache.link(remote.commit, inside, remote.etag);
    } catch (error) {
      throw explained(error, inside, repository.id, root);
    }
  }

  /** Asks the Hub about a file. The first answer for a revision pins its commit; questions that come meanwhile wait for it. */
  async #ask(inside: string, signal: AbortSignal): Promise<RemoteFile | { absentIn: string | undefined }> {
    const shared = this.#shared;
    const { repository, revision, cache } = shared;
    if (cache.commitOf(revision) === undefined && shared.pinning !== undefined) await shared.pinning.catch(() => undefined);
    const known = cache.commitOf(revision);
    // A model that is all there gets one quick try: its optional files must not cost a back-off where there is no network.
    const { silenceMs } = shared.network;
    const oneTry = { ...shared.network, attempts: 1, silenceMs: Math.min(silenceMs, longestQuickTryMs) };
    const network = known !== undefined && cache.looksComplete(known, this.#folder) ? oneTry : shared.network;
    const asking = askHub(repository, known ?? revision, inside, signal, network).then((remote) => {
      const commit = "etag" in remote ? remote.commit : remote.absentIn;
      if (known === undefined && commit !== undefined) this.#pin(commit);
      return remote;
    });
    if (known === undefined) shared.pinning = asking;
    return asking;
  }

  #pin(commit: string): void {
    try {
      this.#shared.cache.setCommit(this.#shared.revision, commit);
    } catch (error) {
      throw explained(error, "refs", this.#shared.repository.id, this.#shared.root);
    }
  }
}
