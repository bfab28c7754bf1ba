/**
 * From what a user gives to a ModelFiles. A Map is the files themselves; a URL is a folder behind it; a string that names an existing folder
 * is that folder; "./x", "/x", "x:\\y" are never Hub ids; anything else of the form "name" or "organisation/name" is an id on the Hub.
 * Without a source: the task's default, from weights/ in a clone, else from the Hub or its cache.
 */

import { check, throwIfAborted } from "../checks.ts";
import { ConfigError, UnsupportedError } from "../errors.ts";
import { openDisk } from "./disk.ts";
import { openHub } from "./hub-settings.ts";
import { openMemory } from "./memory.ts";
import { openUrl } from "./open-url.ts";
import type { LoadOptions, ModelFiles, ModelSource } from "./types.ts";

export interface OpenOptions extends LoadOptions {
  /** Hub id of the task's default; its last part is looked for in weights/. A name without "/" is only ever embedded. */
  defaultModel?: string | undefined;
  /** Ids on the Hub to name where the default is not here. */
  toTry?: readonly string[];
}

/**
 * Nothing is fetched yet, but for a missing folder, which is an error at once.
 * @throws ConfigError for a source that is none, a folder that does not exist, or no source where the task has no default
 */
export async function openModelFiles(source?: ModelSource, options: OpenOptions = {}): Promise<ModelFiles> {
  throwIfAborted(options.signal);
  const files = source === undefined ? defaultFiles(options) : filesOf(source, options);
  return options.subfolder === undefined ? files : files.subfolder(options.subfolder);
}

const SOURCES = "a Hub id, a folder, a URL or a Map of files";

/** Runs a load. Where it fails or is aborted, what its downloads wrote is gone before the caller hears of it. */
export async function loadFrom<Loaded>(
  source: ModelSource | undefined,
  options: OpenOptions,
  load: (files: ModelFiles) => Promise<Loaded>,
): Promise<Loaded> {
  const files = await openModelFiles(source, options);
  try {
    return await load(files);
  } catch (error) {
    await files.cleared?.();
    throw error;
  }
}

function defaultFiles(options: OpenOptions): ModelFiles {
  const { defaultModel } = options;
  check(defaultModel !== undefined, "model", SOURCES, defaultModel);
  const embedded = openDisk()?.embedded(defaultModel.slice(defaultModel.lastIndexOf("/") + 1));
  if (embedded !== undefined) return embedded;
  if (defaultModel.includes("/")) return openHub(defaultModel, options);
  throw new ConfigError(
    `The default model ${defaultModel} comes with a clone of the repository (weights/${defaultModel}), not with the package; give a model, for example ${options.toTry?.join(" or ")}`,
  );
}

function filesOf(source: ModelSource, options: OpenOptions): ModelFiles {
  if (typeof source !== "string") return openMemory(source);
  check(source !== "", "model", SOURCES, source);
  if (/^https?:\/\//i.test(source)) return openUrl(source, options);
  const disk = openDisk();
  const isPath = looksLikePath(source) || /^file:/i.test(source);
  const folder = disk?.folder(source);
  if (folder !== undefined) return folder;
  if (disk !== undefined && (isPath || !isHubId(source))) throw disk.noFolder(source);
  if (/^file:/i.test(source))
    throw new UnsupportedError(`${source}: this runtime cannot read folders; give a Hub id, an http URL or a Map of files.`);
  const url = besidePage(source);
  if (url !== source) return openUrl(url, options);
  if (!isHubId(source))
    throw new ConfigError(
      `${JSON.stringify(source)} is neither a folder, nor a URL, nor a Hub id such as "sentence-transformers/all-MiniLM-L6-v2".`,
    );
  return openHub(source, options);
}

/** A path, where there is no disk, as the URL that it means in this page or worker; anything else as it is. */
export function besidePage<Source>(source: Source): Source | string {
  const isBeside = typeof source === "string" && looksLikePath(source) && typeof location !== "undefined" && openDisk() === undefined;
  return isBeside ? new URL(source, location.href).href : source;
}

function looksLikePath(source: string): boolean {
  return /^(\.{0,2}[/\\]|\.{1,2}$|~|[a-z]:[/\\])/i.test(source);
}

/** "name" or "organisation/name", as the Hub allows them. */
export function isHubId(source: string): boolean {
  return /^[\w.-]{1,96}(\/[\w.-]{1,96})?$/.test(source) && !source.split("/").some((part) => /^[.-]|[.-]$|\.\.|--/.test(part));
}
