/**
 * A model folder on disk. Small reads are synchronous inside: one readSync into one buffer is the fastest way a runtime has (no zeroing, no copies,
 * no thread pool). Large ones, of weights, are left to the thread pool (aside.ts).
 */

import { throwIfAborted } from "../checks.ts";
import { ConfigError, FormatError } from "../errors.ts";
import type { ByteSource } from "../safetensors/types.ts";
import { AsideReads } from "./aside.ts";
import { genuine } from "./content.ts";
import { folderOf, joinName, safeName } from "./names.ts";
import { errorCode, needed } from "./node.ts";
import type { ModelFiles } from "./types.ts";

/** Most bytes of one read call (2^31 - 1 is Node's limit). */
const largestRead = 2 ** 30;

/** A read of fewer bytes is done sooner than another thread would begin with it, unless that is to begin anyway. */
const LARGE_READ = 2 ** 17;

function cutShort(what: string, end: number, missing: number): FormatError {
  return new FormatError(`${what} ends at byte ${end}; expected ${missing} more. Was it cut while it was being read?`);
}

function fill(fd: number, target: Uint8Array, position: number, what: string): void {
  const fs = needed("node:fs");
  let at = 0;
  while (at < target.length) {
    const got = fs.readSync(fd, target, at, Math.min(target.length - at, largestRead), position + at);
    if (got === 0) throw cutShort(what, position + at, target.length - at);
    at += got;
  }
}

/** Memory that is about to be filled: not zeroed first where the runtime allows it, and never part of a shared pool. */
function uninitialised(length: number): Uint8Array {
  if (typeof Buffer === "undefined") return new Uint8Array(length);
  return new Uint8Array(Buffer.allocUnsafeSlow(length).buffer, 0, length);
}

/** The whole file. System errors (ENOENT, EACCES) pass through. */
export function readFile(path: string): Uint8Array {
  const fs = needed("node:fs");
  const fd = fs.openSync(path, "r");
  try {
    const bytes = uninitialised(fs.fstatSync(fd).size);
    fill(fd, bytes, 0, path);
    return bytes;
  } finally {
    fs.closeSync(fd);
  }
}

/** A file on disk by byte ranges; the descriptor stays open until close(). */
export function openFile(path: string, sibling: (name: string) => Promise<ByteSource>): ByteSource {
  const fs = needed("node:fs");
  const fd = fs.openSync(path, "r");
  const aside = new AsideReads(fd, (target, position) => fill(fd, target, position, path));
  let isClosed = false;
  const readInto = async (target: Uint8Array, start: number): Promise<void> => {
    if (isClosed) throw new ConfigError(`${path} was closed; open the model again to read from it.`);
    if (target.length < LARGE_READ && !aside.isWaiting) fill(fd, target, start, path);
    else await aside.read(target, start);
  };
  return {
    size: fs.fstatSync(fd).size,
    async read(start, end, signal) {
      throwIfAborted(signal);
      const bytes = uninitialised(end - start);
      await readInto(bytes, start);
      return bytes;
    },
    readInto,
    sibling,
    close() {
      if (!isClosed) aside.close();
      isClosed = true;
    },
  };
}

/** True where the path cannot be a file: nothing there, or a part of it is no folder. */
export function isAbsent(error: unknown): boolean {
  const code = errorCode(error);
  return code === "ENOENT" || code === "ENOTDIR" || code === "EISDIR";
}

export class FolderFiles implements ModelFiles {
  readonly label: string;
  readonly #root: string;
  readonly #folder: string;

  /** @param root path of an existing folder; `folder` a safe name inside it */
  constructor(root: string, label = root, folder = "") {
    this.#root = root;
    this.#folder = folder;
    this.label = label;
  }

  #path(name: string): string {
    return needed("node:path").join(this.#root, joinName(this.#folder, safeName(name, this.label)));
  }

  #absent(name: string): ConfigError {
    return new ConfigError(`No file ${name} in ${this.label}; is this a model folder, and is it complete?`);
  }

  async readIfPresent(name: string, signal?: AbortSignal): Promise<Uint8Array | undefined> {
    throwIfAborted(signal);
    try {
      return genuine(name, this.label, readFile(this.#path(name)));
    } catch (error) {
      if (isAbsent(error)) return undefined;
      throw this.#readable(name, error);
    }
  }

  async read(name: string, signal?: AbortSignal): Promise<Uint8Array> {
    const bytes = await this.readIfPresent(name, signal);
    if (bytes === undefined) throw this.#absent(name);
    return bytes;
  }

  async open(name: string, signal?: AbortSignal): Promise<ByteSource> {
    throwIfAborted(signal);
    const folder = this.subfolder(folderOf(name));
    try {
      return openFile(this.#path(name), (sibling) => folder.open(sibling));
    } catch (error) {
      throw isAbsent(error) ? this.#absent(name) : this.#readable(name, error);
    }
  }

  #readable(name: string, error: unknown): unknown {
    if (errorCode(error) === undefined) return error;
    return new ConfigError(`${name} of ${this.label} cannot be read (${errorCode(error)}); check the permissions.`, { cause: error });
  }

  subfolder(path: string): FolderFiles {
    const inside = safeName(path, this.label);
    return new FolderFiles(this.#root, inside === "" ? this.label : `${this.label}/${inside}`, joinName(this.#folder, inside));
  }
}
