/**
 * Brings the index of a folder up to date: files whose content is known keep their vectors, new and changed ones are embedded, removed ones
 * are dropped. Memory holds one batch of passages; the new vector file grows beside the old one, and the manifest decides which counts.
 */
import { createHash, randomUUID } from "node:crypto";
import { readdir, readFile, stat } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import type { SentenceEncoder } from "../../tasks/sentence-encoder.ts";
import { type Chunk, chunksOf } from "./chunks.ts";
import { createFolder, INDEX_FOLDER, type IndexedFile, type Manifest, readManifest, writeManifest } from "./manifest.ts";
import { VectorFileReader, VectorFileWriter } from "./vector-file.ts";

const MAX_FILE_BYTES = 64 * 1024 * 1024;
const BATCH_CHUNKS = 256;
const SKIPPED_FOLDERS = new Set([INDEX_FOLDER, "node_modules", ".git"]);

export interface UpdateOptions {
  readonly folder: string;
  readonly indexFolder: string;
  readonly model: string;
  readonly rebuild: boolean;
  readonly signal: AbortSignal;
  /** Called before each file. */
  readonly onFile: (path: string, done: number, total: number) => void;
  /** Called for files that are left out. */
  readonly onSkip: (path: string, reason: string) => void;
}

export interface UpdateResult {
  readonly manifest: Manifest;
  readonly embedded: number;
  readonly kept: number;
}

export async function updateIndex(encoder: SentenceEncoder, options: UpdateOptions): Promise<UpdateResult> {
  const { folder, indexFolder, model, signal } = options;
  await createFolder(indexFolder);
  const old = options.rebuild ? undefined : await readManifest(indexFolder);
  if (old && (old.model !== model || old.dimension !== encoder.dimension)) {
    throw new Error(`the index of ${folder} was made by ${old.model}, not by ${model}; use that model, or --rebuild`);
  }
  const paths = await textFiles(folder);
  const reader = old && (await VectorFileReader.open(join(indexFolder, old.vectors)));
  const name = `vectors-${randomUUID()}.safetensors`;
  const writer = await VectorFileWriter.create(join(indexFolder, name), encoder.dimension);
  const files: Record<string, IndexedFile> = {};
  let [embedded, kept] = [0, 0];
  try {
    for (const [i, path] of paths.entries()) {
      signal.throwIfAborted();
      options.onFile(path, i, paths.length);
      const content = await readText(join(folder, path));
      if (typeof content !== "object") {
        options.onSkip(path, content);
        continue;
      }
      const known = old?.files[path];
      const row = writer.rows;
      if (known && reader && known.hash === content.hash) {
        await copyRows(reader, writer, known);
        files[path] = { ...known, row };
        kept++;
      } else {
        const chunks = chunksOf(encoder, content.text);
        await embedChunks(encoder, writer, content.text, chunks, signal);
        files[path] = { hash: content.hash, row, chunks };
        embedded++;
      }
    }
    await writer.finish();
  } catch (error) {
    await writer.abandon();
    throw error;
  } finally {
    await reader?.close();
  }
  const manifest = { model, dimension: encoder.dimension, vectors: name, files };
  await writeManifest(indexFolder, manifest);
  return { manifest: { version: 1, ...manifest }, embedded, kept };
}

async function embedChunks(
  encoder: SentenceEncoder,
  writer: VectorFileWriter,
  text: string,
  chunks: readonly Chunk[],
  signal: AbortSignal,
): Promise<void> {
  for (let first = 0; first < chunks.length; first += BATCH_CHUNKS) {
    const passages = chunks.slice(first, first + BATCH_CHUNKS).map(({ start, end }) => text.slice(start, end));
    for (const vector of await encoder.encode(passages, { normalize: true, signal })) await writer.append(vector);
  }
}

async function copyRows(reader: VectorFileReader, writer: VectorFileWriter, { row, chunks }: IndexedFile): Promise<void> {
  for (let first = 0; first < chunks.length; first += BATCH_CHUNKS) {
    await writer.append(await reader.read(row + first, Math.min(BATCH_CHUNKS, chunks.length - first)));
  }
}

/** Paths of all files below the folder, relative to it, sorted. */
async function textFiles(folder: string): Promise<string[]> {
  const info = await stat(folder).catch(() => undefined);
  if (!info?.isDirectory()) throw new Error(`no such folder: ${folder}`);
  const found: string[] = [];
  const walk = async (path: string): Promise<void> => {
    for (const entry of await readdir(path, { withFileTypes: true })) {
      if (entry.isDirectory() && !SKIPPED_FOLDERS.has(entry.name) && !entry.name.startsWith(".")) await walk(join(path, entry.name));
      else if (entry.isFile() && !entry.name.startsWith(".")) found.push(relative(folder, join(path, entry.name)).split(sep).join("/"));
    }
  };
  await walk(folder);
  return found.sort();
}

/** The text and its hash, or the reason why it is none. */
async function readText(path: string): Promise<{ text: string; hash: string } | string> {
  const { size } = await stat(path);
  if (size > MAX_FILE_BYTES) return `larger than ${MAX_FILE_BYTES >> 20} MiB`;
  const bytes = await readFile(path);
  if (bytes.includes(0)) return "a binary file";
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return { text, hash: createHash("sha256").update(bytes).digest("hex") };
  } catch {
    return "not valid UTF-8";
  }
}
