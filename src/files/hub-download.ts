/**
 * One blob of the Hub into the cache: to a temporary file of its own, hashed on the way, renamed when size and hash are right, left for the next
 * call where the connection was lost, removed in every other case. Bytes of the wrong hash (a broken proxy, a cut that nobody noticed) are fetched
 * once more, from the first byte.
 */

import { DownloadError } from "../errors.ts";
import { impostor } from "./content.ts";
import { hashFor, type RunningHash } from "./hash.ts";
import { type Network, NoAnswer } from "./http.ts";
import { authorization, type RemoteFile, type Repository, refusal, resolveUrl } from "./hub.ts";
import { type HubCache, temporaryBeside } from "./hub-cache.ts";
import type { OnBytes } from "./inflight.ts";
import { leftBytes, removeLeftovers } from "./leftovers.ts";
import { errorCode, needed } from "./node.ts";
import { type Sink, transfer } from "./transfer.ts";

export interface BlobOrder {
  readonly repository: Repository;
  readonly remote: RemoteFile;
  /** The file's name in the repository. */
  readonly name: string;
  readonly signal: AbortSignal;
  readonly onBytes: OnBytes;
  readonly network: Network;
}

/** Sees to it that blobs/ETAG is there. System errors of the disk pass through, for explained(). */
export async function fetchBlob(order: BlobOrder, cache: HubCache): Promise<void> {
  const fs = needed("node:fs");
  const { etag, size } = order.remote;
  const blob = cache.blobPath(etag);
  const there = fs.statSync(blob, { throwIfNoEntry: false });
  if (there !== undefined && (size === undefined || there.size === size)) return;
  fs.mkdirSync(needed("node:path").dirname(blob), { recursive: true });
  for (let attempt = 1; ; attempt++) {
    const wrong = await fetchOnce(order, blob, attempt === 1);
    if (wrong === undefined) return;
    if (attempt === 2) throw wrong;
  }
}

/** Returns the error where the bytes came but are the wrong ones. `useLeft`: may go on where an unfinished download stopped. */
async function fetchOnce(order: BlobOrder, blob: string, useLeft: boolean): Promise<DownloadError | undefined> {
  const fs = needed("node:fs");
  const { remote, signal } = order;
  const temporary = temporaryBeside(blob);
  const handle = await fs.promises.open(temporary, "wx");
  const sink = new FileSink(handle, remote);
  let keep = false;
  try {
    if (useLeft && remote.size !== undefined && sink.isHashed) {
      for await (const chunk of leftBytes(blob, temporary, remote.size)) {
        signal.throwIfAborted();
        await sink.write(chunk);
      }
    }
    const wrong = await fillAndCheck(order, sink);
    if (wrong !== undefined) return wrong;
    await handle.sync().catch(unlessForbidden);
    const { atime, mtimeMs } = await handle.stat();
    await handle.utimes(atime, (mtimeMs - 1000) / 1000).catch(unlessForbidden); // surely older than the links to it: see HubCache.isSound
    await handle.close();
    signal.throwIfAborted();
    moveInto(blob, temporary);
    return undefined;
  } catch (error) {
    const isLost = error instanceof DownloadError && error.cause instanceof NoAnswer;
    keep = isLost && sink.isHashed && sink.at > 0; // the next call goes on there
    throw error;
  } finally {
    await handle.close().catch(() => undefined);
    if (!keep) fs.rmSync(temporary, { force: true });
    removeLeftovers(blob, temporary);
  }
}

/** Fetches what the sink does not have yet. Returns the error where all of it together has the wrong hash. */
async function fillAndCheck(order: BlobOrder, sink: FileSink): Promise<DownloadError | undefined> {
  const { repository, remote, name, signal, onBytes, network } = order;
  const { commit, etag, size, endpoint } = remote;
  const url = resolveUrl({ ...repository, endpoint }, commit, name);
  const what = `${name} of ${repository.id}`;
  const onStatus = (response: Response) => refusal(response, repository, commit, url);
  const options = { size, have: sink.at, headers: authorization(repository), signal, onBytes, onStatus };
  if (size === undefined || sink.at < size) await transfer(url, what, sink, options, network);
  const hash = sink.digest();
  if (hash === undefined || hash === etag) return undefined;
  const page = impostor(name, sink.beginning);
  return new DownloadError(
    `${what} arrived ${page === undefined ? "damaged" : `as ${page}`}: expected the hash ${etag}, found ${hash}. Is a proxy in between?`,
  );
}

/** Node with --permission has neither fsync nor futimes; a file is right without them. */
function unlessForbidden(error: unknown): void {
  if (errorCode(error) !== "EPERM") throw error;
}

/** Whoever had the same bytes first may have removed this file as a leftover. */
function moveInto(blob: string, temporary: string): void {
  const fs = needed("node:fs");
  try {
    fs.renameSync(temporary, blob);
  } catch (error) {
    if (errorCode(error) !== "ENOENT" || !fs.existsSync(blob)) throw error;
  }
}

class FileSink implements Sink {
  beginning: Uint8Array = new Uint8Array(0);
  readonly #handle: import("node:fs/promises").FileHandle;
  readonly #remote: RemoteFile;
  /** Bytes written so far. */
  at = 0;
  #hash: RunningHash | undefined;

  constructor(handle: import("node:fs/promises").FileHandle, remote: RemoteFile) {
    this.#handle = handle;
    this.#remote = remote;
    this.#hash = hashFor(remote.etag, remote.size);
  }

  /** Whether wrong bytes would be noticed. */
  get isHashed(): boolean {
    return this.#hash !== undefined;
  }

  async write(chunk: Uint8Array): Promise<void> {
    if (this.at === 0) this.beginning = chunk.slice(0, 2048);
    this.#hash?.update(chunk);
    for (let from = 0; from < chunk.length; ) {
      const { bytesWritten } = await this.#handle.write(chunk, from, chunk.length - from, this.at + from);
      from += bytesWritten;
    }
    this.at += chunk.length;
  }

  async restart(): Promise<void> {
    await this.#handle.truncate(0);
    this.#hash = hashFor(this.#remote.etag, this.#remote.size);
    this.at = 0;
  }

  digest(): string | undefined {
    return this.#hash?.digest();
  }
}

/** A system error of the cache's disk as a sentence; everything else as it is. */
export function explained(error: unknown, name: string, id: string, folder: string): unknown {
  const code = errorCode(error);
  const said = (why: string) => new DownloadError(`${name} of ${id} cannot be kept in the cache: ${why}`, { cause: error });
  if (code === "ENOSPC" || code === "EDQUOT" || code === "EFBIG")
    return said(`the disk of ${folder} is full; make room, or use another disk (HF_HOME or cacheDir).`);
  // ENOENT is what Node says of a folder that is to be made on a disk that can only be read.
  if (code === "EACCES" || code === "EPERM" || code === "EROFS" || code === "ENOENT") {
    const why = (error as { code?: unknown }).code === code ? code : (error as Error).message; // a runtime's own permission names its flag
    return said(`${folder} cannot be written to (${why}); use another folder (HF_HOME or cacheDir).`);
  }
  return error;
}
