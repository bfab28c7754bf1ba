/**
 * A model given as bytes: name in the repository -> Uint8Array, or Blob (a browser's File from a file input or a dropped folder). Names may
 * share a leading folder, as files of an `<input webkitdirectory>` do ("my-model/config.json"): the folder that holds config.json is the root.
 */

import { check, throwIfAborted } from "../checks.ts";
import { ConfigError } from "../errors.ts";
import { memorySource } from "../safetensors/read.ts";
import type { ByteSource } from "../safetensors/types.ts";
import { genuine } from "./content.ts";
import { folderOf, joinName, safeName } from "./names.ts";
import type { ModelFiles } from "./types.ts";

type Files = ReadonlyMap<string, Uint8Array | Blob>;

/** A Blob by byte ranges: only the slices asked for are read into memory. */
export function blobSource(blob: Blob): ByteSource {
  return {
    size: blob.size,
    async read(start, end, signal) {
      throwIfAborted(signal);
      return new Uint8Array(await blob.slice(start, end).arrayBuffer());
    },
  };
}

/** @throws ConfigError for what is no Map of files */
export function openMemory(files: Files): MemoryFiles {
  check(typeof (files as Partial<Files> | null | undefined)?.get === "function", "model", "a string or a Map of files", files);
  return new MemoryFiles(files);
}

export class MemoryFiles implements ModelFiles {
  readonly label: string;
  readonly #files: Files;
  readonly #folder: string;

  constructor(files: Files, label = "the given files", folder = commonFolder(files)) {
    this.#files = files;
    this.#folder = folder;
    this.label = label;
    for (const [name, file] of files) {
      check(isBytes(file) || isBlob(file), name, "a Uint8Array or a Blob", file);
    }
  }

  #file(name: string): Uint8Array | Blob | undefined {
    return this.#files.get(joinName(this.#folder, safeName(name, this.label)));
  }

  async readIfPresent(name: string, signal?: AbortSignal): Promise<Uint8Array | undefined> {
    throwIfAborted(signal);
    const file = this.#file(name);
    if (file === undefined) return undefined;
    return genuine(name, this.label, isBytes(file) ? file : new Uint8Array(await file.arrayBuffer()));
  }

  async read(name: string, signal?: AbortSignal): Promise<Uint8Array> {
    const bytes = await this.readIfPresent(name, signal);
    if (bytes === undefined) throw this.#absent(name);
    return bytes;
  }

  async open(name: string, signal?: AbortSignal): Promise<ByteSource> {
    throwIfAborted(signal);
    const file = this.#file(name);
    if (file === undefined) throw this.#absent(name);
    const folder = this.subfolder(folderOf(name));
    const source = isBytes(file) ? memorySource(file) : blobSource(file);
    return { ...source, sibling: (sibling) => folder.open(sibling) };
  }

  #absent(name: string): ConfigError {
    const given = [...this.#files.keys()].slice(0, 10).join(", ") || "none";
    return new ConfigError(`No file ${joinName(this.#folder, name)} among ${this.label}; there is ${given}.`);
  }

  subfolder(path: string): MemoryFiles {
    const inside = safeName(path, this.label);
    return new MemoryFiles(this.#files, inside === "" ? this.label : `${this.label} in ${inside}`, joinName(this.#folder, inside));
  }
}

/** By what they are, not by instanceof: files may come from another realm (a frame, a test's sandbox). */
function isBytes(file: unknown): file is Uint8Array {
  return Object.prototype.toString.call(file) === "[object Uint8Array]";
}

function isBlob(file: unknown): file is Blob {
  return typeof (file as Partial<Blob> | null)?.arrayBuffer === "function";
}

/** "" where config.json or nothing of the kind is at the top; else the shallowest folder that holds a config.json. */
function commonFolder(files: Files): string {
  if (files.has("config.json")) return "";
  const folders = [...files.keys()].filter((name) => name.endsWith("/config.json")).map(folderOf);
  const [shallowest] = folders.sort((a, b) => a.split("/").length - b.split("/").length);
  const isCommon = shallowest !== undefined && [...files.keys()].every((name) => name.startsWith(`${shallowest}/`));
  return isCommon ? shallowest : "";
}
