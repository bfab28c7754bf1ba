/**
 * The settings that Python's huggingface_hub reads from the environment, and the options that come before them: HF_ENDPOINT, HF_TOKEN (or
 * the file that `hf auth login` writes), HF_HUB_OFFLINE, HF_HOME, HF_HUB_CACHE.
 */

import { checkString } from "../checks.ts";
import { ConfigError } from "../errors.ts";
import { openDisk } from "./disk.ts";
import { environment } from "./environment.ts";
import type { Repository } from "./hub.ts";
import { openUrl } from "./open-url.ts";
import { DownloadProgress } from "./progress.ts";
import type { HubRequest, LoadOptions, ModelFiles } from "./types.ts";
import { WebHubFiles } from "./web-hub-files.ts";

const defaultEndpoint = "https://huggingface.co";

export function hubEndpoint(): string {
  const endpoint = (environment("HF_ENDPOINT") ?? defaultEndpoint).replace(/\/+$/, "");
  if (!/^https?:\/\//.test(endpoint) || !URL.canParse(endpoint))
    throw new ConfigError(`HF_ENDPOINT must be the http(s) address of a Hub, found ${JSON.stringify(endpoint)}.`);
  return endpoint;
}

function isOn(variable: string): boolean {
  return /^(1|on|yes|true)$/i.test(environment(variable) ?? "");
}

/** Whether the environment turns the network off; TRANSFORMERS_OFFLINE counts where HF_HUB_OFFLINE says nothing. */
function isOffline(): boolean {
  return isOn(environment("HF_HUB_OFFLINE") === undefined ? "TRANSFORMERS_OFFLINE" : "HF_HUB_OFFLINE");
}

/**
 * Option, HF_TOKEN, HF_TOKEN_PATH or HF_HOME/token. Line breaks around a token are a common slip.
 * HF_HUB_DISABLE_IMPLICIT_TOKEN leaves only the option.
 */
function hubToken(option: string | undefined): string | undefined {
  if (typeof option !== "string" && isOn("HF_HUB_DISABLE_IMPLICIT_TOKEN")) return undefined; // null is none, too
  const given = option ?? environment("HF_TOKEN") ?? environment("HUGGING_FACE_HUB_TOKEN");
  return given === undefined ? openDisk()?.token() : given.trim() || undefined;
}

/** The files of a model on the Hub: through the cache on disk where there is a file system, else through the Cache API. */
export function openHub(id: string, options: LoadOptions): ModelFiles {
  for (const name of ["revision", "token", "cacheDir"] as const) checkString(options[name] ?? "", name);
  const revision = options.revision ?? "main";
  if (!/^[\w.-]+(\/[\w.-]+)*$/.test(revision) || revision.split("/").some((part) => /^\.+$/.test(part))) {
    throw new ConfigError(`Expected a branch, tag or commit as revision, found ${JSON.stringify(revision)}.`);
  }
  const repository: Repository = { endpoint: hubEndpoint(), id, token: hubToken(options.token) };
  const request: HubRequest = {
    repository,
    revision,
    offline: options.localFilesOnly ?? isOffline(),
    progress: new DownloadProgress(options.onProgress),
    signal: options.signal,
  };
  return openDisk()?.hub(request, options.cacheDir) ?? new WebHubFiles({ ...request, cacheName: options.cacheDir ?? "hummingbert" });
}

/**
 * A model on the Hub for a look at its headers: out of the cache where its weights are there, else by ranges past the cache, so that nothing large
 * is fetched and nothing is kept. Offline it is what the cache has.
 */
export async function openHubHeaders(id: string, options: LoadOptions): Promise<ModelFiles> {
  const offline = options.localFilesOnly ?? isOffline();
  const cached = openHub(id, { ...options, localFilesOnly: true });
  for (const name of ["model.safetensors", "model.safetensors.index.json"]) {
    try {
      (await cached.open(name)).close?.();
      return cached;
    } catch {
      // not here
    }
  }
  if (offline) return cached;
  const token = hubToken(options.token);
  const revision = encodeURIComponent(options.revision ?? "main");
  return openUrl(`${hubEndpoint()}/${id}/resolve/${revision}`, { ...options, ...(token !== undefined && { token }) });
}
