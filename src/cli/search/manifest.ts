/**
 * The manifest of a search index: which files were read, in what state, and which rows of which vector file are theirs.
 * It is written to a temporary name and renamed, last of all: whoever is stopped in the middle leaves the old index whole.
 * Processes that index one folder at once write vector files of their own; the manifest that is renamed last counts, and each is whole.
 */
import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { open, readdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Chunk } from "./chunks.ts";

export const INDEX_FOLDER = ".hummingbert";
const MANIFEST = "manifest.json";
const VERSION = 2;

export interface IndexedFile {
  /** SHA-256 of the content, in hex: what decides whether a file is embedded again. */
  readonly hash: string;
  /** The first of its rows in the vector file; one row a chunk. */
  readonly row: number;
  readonly chunks: readonly Chunk[];
}

export interface Manifest {
  readonly version: number;
  /** What made the vectors: they can only be compared with vectors of the same. */
  readonly model: string;
  readonly dimension: number;
  readonly vectors: string;
  readonly files: Readonly<Record<string, IndexedFile>>;
}

/** @returns undefined where there is no index yet  @throws Error for a damaged one */
export async function readManifest(folder: string): Promise<Manifest | undefined> {
  const path = join(folder, MANIFEST);
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
  const manifest = parse(text);
  if (!manifest) throw new Error(`${path} is not a search index of this version; make it again with --rebuild`);
  if (!existsSync(join(folder, manifest.vectors)))
    throw new Error(`${path} names vectors that are gone; make the index again with --rebuild`);
  return manifest;
}

function parse(text: string): Manifest | undefined {
  try {
    const manifest = JSON.parse(text) as Manifest;
    return manifest.version === VERSION && typeof manifest.vectors === "string" && typeof manifest.files === "object"
      ? manifest
      : undefined;
  } catch {
    return undefined;
  }
}

/** Makes `content` the index, then removes vector files that it does not name. */
export async function writeManifest(folder: string, content: Omit<Manifest, "version">): Promise<Manifest> {
  const manifest = { version: VERSION, ...content };
  const temporary = join(folder, `${MANIFEST}.${process.pid}.tmp`);
  try {
    const file = await open(temporary, "w");
    try {
      await file.writeFile(JSON.stringify(manifest));
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, join(folder, MANIFEST));
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await removeStrays(folder, manifest.vectors);
  return manifest;
}

/** A new name for a vector file. It tells the process, whose file is left alone while it runs. */
export function newVectorsName(): string {
  return `vectors-${process.pid}-${randomUUID()}.safetensors`;
}

/** Removes vector files and temporary manifests that are not in use and whose process has ended, in whatever way. */
async function removeStrays(folder: string, inUse: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const owner = /^vectors-(?:(\d+)-)?.*\.safetensors$|^manifest\.json\.(\d+)\.tmp$/.exec(name);
    if (!owner || name === inUse) continue;
    const pid = Number(owner[1] ?? owner[2] ?? 0);
    // of our own, only the one that this run replaced is left: it writes one index at a time
    if (pid === process.pid || !isRunning(pid)) await rm(join(folder, name), { force: true }).catch(() => {}); // Windows keeps an open file
  }
}

function isRunning(pid: number): boolean {
  if (pid === 0) return false;
  try {
    process.kill(pid, 0); // asks only
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM"; // somebody else's
  }
}
