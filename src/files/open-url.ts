/**
 * A model behind a URL, as the options of a load ask for it.
 */

import { ConfigError } from "../errors.ts";
import { DownloadProgress } from "./progress.ts";
import type { LoadOptions, ModelFiles } from "./types.ts";
import { UrlFiles } from "./url-files.ts";

/** A token is sent to a plain URL only where it was given for it, never the Hub's out of the environment. */
export function openUrl(source: string, { token, localFilesOnly, onProgress, signal }: LoadOptions): ModelFiles {
  if (localFilesOnly)
    throw new ConfigError("localFilesOnly forbids a model behind a URL; give a folder, or a Hub id that is in the cache.");
  if (!URL.canParse(source)) throw new ConfigError(`${JSON.stringify(source)} is not a URL.`);
  const headers: Record<string, string> = token === undefined ? {} : { Authorization: `Bearer ${token}` };
  return new UrlFiles(source, { headers, progress: new DownloadProgress(onProgress), signal });
}
