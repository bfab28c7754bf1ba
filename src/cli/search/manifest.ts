/**
 * The manifest of a search index: which files were read, in what state, and which rows of which vector file are theirs.
 * It is written to a temporary name and renamed, last of all: whoever is stopped in the middle leaves the old index whole.
 */
import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Chunk } from "./chunks.ts";

export const INDEX_FOLDER = ".hummingbert";
const MANIFEST = "manifest.json";
const VERSION = 1;

export interface IndexedFile {
  /** SHA-256 of the content, in hex. */
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
  try {
    const manifest = JSON.parse(text) as Manifest;
    if (manifest.version === VERSION && typeof manifest.vectors === "string" && typeof manifest.files === "object") return manifest;
  } catch {
    // told below
  }
  throw new Error(`${path} is not a search index of this version; rebuild it with --rebuild`);
}

/** Makes `manifest` the index, then removes vector files that it does not name. */
export async function writeManifest(folder: string, manifest: Omit<Manifest, "version">): Promise<void> {
  const temporary = join(folder, `${MANIFEST}.${process.pid}.tmp`);
  await writeFile(temporary, JSON.stringify({ version: VERSION, ...manifest }), { flush: true } as { encoding?: "utf8" });
  await rename(temporary, join(folder, MANIFEST));
  await removeStrays(folder, manifest.vectors);
}

/** Removes what an interrupted run left: vector files and temporary manifests that are not in use. */
export async function removeStrays(folder: string, inUse: string | undefined): Promise<void> {
  for (const name of await readdir(folder)) {
    if (name !== inUse && (/^vectors-.*\.safetensors$/.test(name) || name.endsWith(".tmp"))) await rm(join(folder, name), { force: true });
  }
}

export async function createFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
}
