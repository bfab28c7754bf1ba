/**
 * The hashes by which the Hub names files: LFS files by the SHA-256 of their bytes, others by git's SHA-1 of "blob SIZE\0" and the bytes.
 * Both are the file's ETag and its name in the cache's blobs folder, so a blob can be checked against its own name.
 */

import { needed } from "./node.ts";

export interface RunningHash {
  update(chunk: Uint8Array): void;
  /** Lower-case hexadecimal. */
  digest(): string;
}

/** The hash that `etag` is made by, or undefined where it is neither kind (mirrors may invent their own). */
export function hashFor(etag: string, size: number | undefined): RunningHash | undefined {
  const { createHash } = needed("node:crypto");
  if (/^[0-9a-f]{64}$/.test(etag)) return running(createHash("sha256"));
  if (!/^[0-9a-f]{40}$/.test(etag) || size === undefined) return undefined;
  const hash = running(createHash("sha1"));
  hash.update(new TextEncoder().encode(`blob ${size}\0`));
  return hash;
}

function running(hash: import("node:crypto").Hash): RunningHash {
  return { update: (chunk) => void hash.update(chunk), digest: () => hash.digest("hex") };
}

/** Whether the file at `path` is what `etag` names; true where `etag` is no hash that can be checked. */
export function matchesEtag(path: string, etag: string): boolean {
  const fs = needed("node:fs");
  const fd = fs.openSync(path, "r");
  try {
    const hash = hashFor(etag, fs.fstatSync(fd).size);
    if (hash === undefined) return true;
    const chunk = new Uint8Array(4 * 2 ** 20);
    for (let got = fs.readSync(fd, chunk); got > 0; got = fs.readSync(fd, chunk)) hash.update(chunk.subarray(0, got));
    return hash.digest() === etag;
  } finally {
    fs.closeSync(fd);
  }
}
