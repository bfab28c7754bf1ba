/**
 * Brings the index of a folder up to date: files whose content is known keep their vectors, new and changed ones are embedded, removed ones
 * are dropped. Where nothing has changed nothing is written. Memory holds one file and one batch of passages; the new vector file grows beside
 * the old one, and the manifest decides which counts.
 */
import { createHash } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import type { SentenceEncoder } from "../../tasks/sentence-encoder.ts";
import { explain } from "../explain.ts";
import { createFolder, filesBelow } from "../folder.ts";
import { type Chunk, chunksOf } from "./chunks.ts";
import { type IndexedFile, type Manifest, newVectorsName, readManifest, writeManifest } from "./manifest.ts";
import { VectorFileReader, VectorFileWriter } from "./vector-file.ts";

const MAX_FILE_BYTES = 64 * 1024 * 1024;
const BATCH_CHUNKS = 256;

export interface UpdateOptions {
  readonly folder: string;
  readonly indexFolder: string;
  readonly model: string;
  readonly rebuild: boolean;
  readonly signal: AbortSignal;
  /** Called before each file that is embedded, and after each batch of its passages. */
  readonly onFile: (path: string, done: number, total: number, passages: number) => void;
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
  const info = await stat(folder).catch(() => undefined);
  if (!info?.isDirectory()) throw new Error(`no such folder: ${folder}`);
  await createFolder(indexFolder);
  const old = options.rebuild ? undefined : await readManifest(indexFolder);
  if (old && (old.model !== model || old.dimension !== encoder.dimension)) {
    throw new Error(`the index of ${folder} was made by ${old.model}, not by ${model}; use that model, or --rebuild`);
  }
  const found = await readFolder(options);
  const isKnown = (path: string) => old?.files[path]?.hash === found.get(path);
  const paths = [...found.keys()];
  if (old && paths.length === Object.keys(old.files).length && paths.every(isKnown)) {
    return { manifest: old, embedded: 0, kept: paths.length };
  }

  const reader = old && (await VectorFileReader.open(join(indexFolder, old.vectors)));
  const vectors = newVectorsName();
  const writer = await VectorFileWriter.create(join(indexFolder, vectors), encoder.dimension);
  const files: [string, IndexedFile][] = [];
  let [embedded, kept] = [0, 0];
  try {
    for (const [i, path] of paths.entries()) {
      signal.throwIfAborted();
      const row = writer.rows;
      if (reader && isKnown(path)) {
        const known = old.files[path]!;
        await copyRows(reader, writer, known);
        files.push([path, { ...known, row }]);
        kept++;
        continue;
      }
      const onBatch = (passages: number) => options.onFile(path, i, paths.length, passages);
      onBatch(0);
      const content = await readText(join(folder, path));
      if (typeof content !== "object") {
        options.onSkip(path, content); // it has changed since it was hashed
        continue;
      }
      const chunks = chunksOf(encoder, content.text);
      await embedChunks(encoder, writer, content.text, chunks, signal, onBatch);
      files.push([path, { hash: content.hash, row, chunks }]);
      embedded++;
    }
    await writer.finish();
    const manifest = { model, dimension: encoder.dimension, vectors, files: Object.fromEntries(files) };
    return { manifest: await writeManifest(indexFolder, manifest), embedded, kept };
  } catch (error) {
    await writer.abandon();
    throw error;
  } finally {
    await reader?.close();
  }
}

/** Hashes by path of all text files below the folder, in the order of their paths. */
async function readFolder({ folder, indexFolder, signal, onSkip }: UpdateOptions): Promise<ReadonlyMap<string, string>> {
  const hashes = new Map<string, string>();
  const inIndex = `${relative(folder, indexFolder).split(sep).join("/")}/`;
  for (const path of await filesBelow(folder)) {
    signal.throwIfAborted();
    if (path.startsWith(inIndex)) continue;
    const content = await readText(join(folder, path));
    if (typeof content === "object") hashes.set(path, content.hash);
    else onSkip(path, content);
  }
  return hashes;
}

async function embedChunks(
  encoder: SentenceEncoder,
  writer: VectorFileWriter,
  text: string,
  chunks: readonly Chunk[],
  signal: AbortSignal,
  onBatch: (passages: number) => void,
): Promise<void> {
  for (let first = 0; first < chunks.length; first += BATCH_CHUNKS) {
    const passages = chunks.slice(first, first + BATCH_CHUNKS).map(({ start, end }) => text.slice(start, end));
    for (const vector of await encoder.encode(passages, { normalize: true, signal })) await writer.append(vector);
    onBatch(first + passages.length);
  }
}

async function copyRows(reader: VectorFileReader, writer: VectorFileWriter, { row, chunks }: IndexedFile): Promise<void> {
  for (let first = 0; first < chunks.length; first += BATCH_CHUNKS) {
    await writer.append(await reader.read(row + first, Math.min(BATCH_CHUNKS, chunks.length - first)));
  }
}

/** The text and its hash, or the reason why it is none. */
async function readText(path: string): Promise<{ text: string; hash: string } | string> {
  let bytes: Uint8Array;
  try {
    const { size } = await stat(path);
    if (size > MAX_FILE_BYTES) return `larger than ${MAX_FILE_BYTES >> 20} MiB`;
    bytes = await readFile(path);
  } catch (error) {
    return `cannot be read: ${explain(error)}`;
  }
  if (bytes.includes(0)) return "a binary file";
  try {
    // the mark stays: passages are given by their positions in the text, and readPassage must count the same
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    return { text, hash: createHash("sha256").update(bytes).digest("hex") };
  } catch {
    return "not valid UTF-8";
  }
}
