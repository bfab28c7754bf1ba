/**
 * The Hugging Face cache on disk, as huggingface_hub lays it out, so that either side uses what the other downloaded:
 *
 *   models--org--name/refs/main                   the commit that a revision means
 *   models--org--name/snapshots/COMMIT/config.json  symbolic link to ../../blobs/ETAG (the file itself where such links are forbidden)
 *   models--org--name/blobs/ETAG                  the bytes, named by their hash
 *   models--org--name/.no_exist/COMMIT/x.json     empty: the Hub said that this commit has no such file
 *
 * Instead of Python's lock files: a download has a temporary file of its own (leftovers.ts) and is renamed when it is right; the last one wins, with
 * equal bytes.
 * Reference: https://huggingface.co/docs/huggingface_hub/guides/manage-cache
 */

import { environment } from "./environment.ts";
import { matchesEtag } from "./hash.ts";
import { errorCode, needed } from "./node.ts";

/** Files up to this size are checked against their hash at every first reading: a millisecond. */
const smallFile = 2 ** 20;
/** Files that this process has checked: path, size and time of change. */
const checked = new Set<string>();

/** The cache's root: option, HF_HUB_CACHE, HF_HOME/hub, XDG_CACHE_HOME/huggingface/hub, ~/.cache/huggingface/hub. */
export function cacheRoot(cacheDir?: string): string {
  if (typeof cacheDir === "string") return fromHome(cacheDir); // null is none, too
  return expanded(environment("HF_HUB_CACHE") ?? environment("HUGGINGFACE_HUB_CACHE") ?? needed("node:path").join(hubHome(), "hub"));
}

/** HF_HOME or its default: where the cache and the token are. */
function hubHome(): string {
  const { join } = needed("node:path");
  return expanded(environment("HF_HOME") ?? join(environment("XDG_CACHE_HOME") ?? join("~", ".cache"), "huggingface"));
}

/** The file with the token that `hf auth login` writes: HF_TOKEN_PATH, HF_HOME/token. */
export function tokenPath(): string {
  return expanded(environment("HF_TOKEN_PATH") ?? needed("node:path").join(hubHome(), "token"));
}

/** "~", "$NAME" and "${NAME}" of a path in the environment, as Python expands them: no shell has seen what a Dockerfile or a .env file sets. */
function expanded(path: string): string {
  return fromHome(path).replace(/\$(?:(\w+)|\{(\w+)\})/g, (as, plain, braced) => environment(plain ?? braced) ?? as);
}

/** "~/x" in the user's home folder, which is only asked for then: Deno wants a permission for it. */
function fromHome(path: string): string {
  return /^~(?=$|[/\\])/.test(path) ? needed("node:path").join(needed("node:os").homedir(), path.slice(1)) : path;
}

export class HubCache {
  readonly #folder: string;

  constructor(root: string, id: string) {
    this.#folder = needed("node:path").join(root, `models--${id.replaceAll("/", "--")}`);
  }

  #path(...parts: string[]): string {
    return needed("node:path").join(this.#folder, ...parts);
  }

  #exists(path: string): boolean {
    return needed("node:fs").existsSync(path);
  }

  /** The commit that `revision` meant when it was last asked for; a full hash is its own commit. */
  commitOf(revision: string): string | undefined {
    if (/^[0-9a-f]{40}$/.test(revision)) return revision;
    try {
      const commit = needed("node:fs")
        .readFileSync(this.#path("refs", ...revision.split("/")), "utf8")
        .trim();
      return isPlainName(commit) ? commit : undefined;
    } catch {
      return undefined;
    }
  }

  setCommit(revision: string, commit: string): void {
    if (revision === commit || this.commitOf(revision) === commit) return;
    this.#replace(this.#path("refs", ...revision.split("/")), (temporary) => needed("node:fs").writeFileSync(temporary, commit));
  }

  /** Path of a file of a snapshot, where it is there. */
  find(commit: string, name: string): string | undefined {
    const path = this.#path("snapshots", commit, name);
    return this.#exists(path) ? path : undefined;
  }

  hasSnapshot(commit: string): boolean {
    return this.#exists(this.#path("snapshots", commit));
  }

  /** Whether a snapshot has at least a configuration and weights, in `folder` of the repository. */
  looksComplete(commit: string, folder: string): boolean {
    try {
      const names = needed("node:fs").readdirSync(this.#path("snapshots", commit, folder));
      return names.includes("config.json") && names.some((name) => name.endsWith(".safetensors"));
    } catch {
      return false;
    }
  }

  isKnownAbsent(commit: string, name: string): boolean {
    return this.#exists(this.#path(".no_exist", commit, name));
  }

  /** Remembers that a commit has no such file; a cache that cannot be written to forgets it. */
  markAbsent(commit: string, name: string): void {
    const fs = needed("node:fs");
    const path = this.#path(".no_exist", commit, name);
    try {
      fs.mkdirSync(needed("node:path").dirname(path), { recursive: true });
      fs.writeFileSync(path, "");
    } catch {
      // only costs a question next time
    }
  }

  blobPath(etag: string): string {
    return this.#path("blobs", etag);
  }

  /** Makes snapshots/COMMIT/NAME mean the blob. */
  link(commit: string, name: string, etag: string): string {
    const fs = needed("node:fs");
    const { dirname, relative } = needed("node:path");
    const pointer = this.#path("snapshots", commit, name);
    const blob = this.blobPath(etag);
    this.#replace(pointer, (temporary) => {
      try {
        fs.symlinkSync(relative(dirname(pointer), blob), temporary);
      } catch (error) {
        if (errorCode(error) !== "EPERM" && errorCode(error) !== "ENOSYS" && errorCode(error) !== "ENOTSUP") throw error;
        second(blob, temporary);
      }
    });
    return pointer;
  }

  /** Writes beside `path` and renames: nobody sees half of it. */
  #replace(path: string, write: (temporary: string) => void): void {
    const fs = needed("node:fs");
    fs.mkdirSync(needed("node:path").dirname(path), { recursive: true });
    const temporary = temporaryBeside(path);
    try {
      write(temporary);
      fs.renameSync(temporary, path);
    } finally {
      fs.rmSync(temporary, { force: true }); // also where both names meant one file already: renaming does nothing then
    }
  }

  /**
   * False for a file that is not what its blob's name says. Hashing 90 MB at each start would cost more than the start itself, so a large
   * file is hashed only where it has changed since it was linked: an untouched blob is older than the links to it.
   */
  isSound(path: string): boolean {
    const fs = needed("node:fs");
    const blob = blobBehind(path);
    if (blob === undefined) return true;
    const link = fs.lstatSync(path, { bigint: true });
    const { size, mtimeNs } = fs.statSync(blob, { bigint: true });
    const state = `${blob}:${size}:${mtimeNs}`;
    if (checked.has(state) || (size > smallFile && mtimeNs < link.mtimeNs)) return true;
    if (!matchesEtag(blob, needed("node:path").basename(blob))) return false;
    checked.add(state);
    return true;
  }

  /** Removes a file of a snapshot and the bytes behind it. */
  discard(path: string): void {
    const fs = needed("node:fs");
    const blob = blobBehind(path);
    fs.rmSync(path, { force: true });
    if (blob !== undefined) fs.rmSync(blob, { force: true });
  }
}

/**
 * A second name for a file where symbolic links are forbidden (Windows without developer mode, Deno with --allow-write=FOLDER): the same bytes on
 * the disk, or a copy of them where there are no hard links either (some network drives).
 */
function second(path: string, name: string): void {
  const fs = needed("node:fs");
  try {
    fs.linkSync(fs.realpathSync(path), name);
  } catch {
    fs.copyFileSync(path, name);
  }
}

/**
 * blobs/ETAG that a file of a snapshot links to, or undefined: a copy has no hash in its name. One step only: since huggingface_hub 2 a blob may
 * itself be a link, into a store that several models share, where files go by another hash.
 */
function blobBehind(path: string): string | undefined {
  const fs = needed("node:fs");
  const { basename, dirname, resolve } = needed("node:path");
  if (!fs.lstatSync(path).isSymbolicLink()) return undefined;
  const blob = resolve(fs.realpathSync(dirname(path)), fs.readlinkSync(path));
  return basename(dirname(blob)) === "blobs" ? blob : undefined;
}

/** A name for a file that nobody else writes to. Python removes and ignores "*.incomplete" in the same folder. */
export function temporaryBeside(path: string): string {
  return `${path}.${needed("node:crypto").randomBytes(6).toString("hex")}.incomplete`;
}

/** Commits and etags become file names: no separators, no dots only. */
export function isPlainName(name: string): boolean {
  return /^[\w.-]{1,200}$/.test(name) && !/^\.+$/.test(name);
}
