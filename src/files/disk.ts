/**
 * Everything that needs a disk, behind one door: folders, embedded weights, the Hugging Face cache. Bundlers for browsers put
 * disk.browser.ts in its place (package.json, "browser"), which saves a page about 4 KB.
 */

import { ConfigError } from "../errors.ts";
import { embeddedModel } from "./embedded.ts";
import { FolderFiles } from "./folder.ts";
import { cacheRoot, tokenPath } from "./hub-cache.ts";
import { HubFiles } from "./hub-files.ts";
import { hasFileSystem, needed } from "./node.ts";
import type { HubRequest, ModelFiles } from "./types.ts";

export interface Disk {
  /** The model in an existing folder, by path or file: URL; undefined where there is no such folder. */
  folder(source: string): ModelFiles | undefined;
  /** The error for a path that is no folder. */
  noFolder(source: string): ConfigError;
  /** weights/NAME of a clone. */
  embedded(name: string): ModelFiles | undefined;
  /** A model of the Hub through the cache on disk. */
  hub(request: HubRequest, cacheDir: string | undefined): ModelFiles;
  /** The token that `hf auth login` has written. */
  token(): string | undefined;
}

/** The disk of this runtime, where it has one. */
export function openDisk(): Disk | undefined {
  return hasFileSystem() ? { folder, noFolder, embedded: embeddedModel, hub, token } : undefined;
}

function pathOf(source: string): string {
  if (!/^file:/i.test(source)) return source;
  try {
    return needed("node:url").fileURLToPath(source);
  } catch (error) {
    throw new ConfigError(`${source} is no file URL of a folder on this machine.`, { cause: error });
  }
}

function folder(source: string): ModelFiles | undefined {
  const path = pathOf(source);
  try {
    return needed("node:fs").statSync(path).isDirectory() ? new FolderFiles(path, source) : undefined;
  } catch {
    return undefined; // not there, not allowed, or nothing that could be a path
  }
}

function noFolder(source: string): ConfigError {
  const isFile = needed("node:fs").existsSync(pathOf(source));
  return new ConfigError(
    isFile
      ? `${source} is a file; expected the folder of a model, with its config.json.`
      : `There is no folder ${source}; check the path (relative ones start at ${process.cwd()}).`,
  );
}

function hub(request: HubRequest, cacheDir: string | undefined): ModelFiles {
  return new HubFiles({ ...request, root: cacheRoot(cacheDir) });
}

function token(): string | undefined {
  try {
    return needed("node:fs").readFileSync(tokenPath(), "utf8").trim() || undefined;
  } catch {
    return undefined; // nobody has logged in
  }
}
