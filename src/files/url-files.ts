/**
 * A model folder behind an http(s) URL. Small files are fetched whole; `open` asks for the first 64 KiB by range, which is the header of most
 * checkpoints, and then for what is read; a server that does not do ranges sends the whole file, which is kept.
 */

import { throwIfAborted } from "../checks.ts";
import { memorySource } from "../safetensors/read.ts";
import type { ByteSource } from "../safetensors/types.ts";
import { genuine, impostor } from "./content.ts";
import { defaultNetwork, type Network } from "./http.ts";
import { MemorySink } from "./memory-sink.ts";
import { folderOf, joinName, safeName } from "./names.ts";
import type { DownloadProgress } from "./progress.ts";
import { rangeSource } from "./range-source.ts";
import { transfer } from "./transfer.ts";
import type { ModelFiles } from "./types.ts";

export interface UrlOptions {
  /** Sent with each request, where the user gave a token for this very source. */
  readonly headers: Readonly<Record<string, string>>;
  readonly progress: DownloadProgress;
  readonly signal: AbortSignal | undefined;
  readonly network?: Network;
}

const firstRange = 65_536;
const smallFile = 65_536;
/** What a server says of a file that it does not have; some storages say 403, so as not to tell. */
const absentStatus = new Set([403, 404, 410]);

export class UrlFiles implements ModelFiles {
  readonly label: string;
  readonly #base: URL;
  readonly #folder: string;
  readonly #options: UrlOptions;
  readonly #network: Network;
  /** Files up to smallFile that have come: several readers want config.json. */
  readonly #small: Map<string, Uint8Array>;

  constructor(base: string, options: UrlOptions, folder = "", small = new Map<string, Uint8Array>()) {
    this.#base = new URL(base);
    this.#folder = folder;
    this.#options = options;
    this.#small = small;
    this.#network = options.network ?? defaultNetwork();
    const { origin, pathname } = this.#base; // no query: it may hold a secret
    this.label = origin + joinName(pathname.replace(/\/+$/, ""), folder);
  }

  #url(inside: string): string {
    const url = new URL(this.#base);
    url.pathname = `${url.pathname.replace(/\/+$/, "")}/${inside.split("/").map(encodeURIComponent).join("/")}`;
    return url.href;
  }

  #inside(name: string): string {
    return joinName(this.#folder, safeName(name, this.label));
  }

  async readIfPresent(name: string, signal?: AbortSignal): Promise<Uint8Array | undefined> {
    let absent = false;
    const onStatus = (response: Response) => {
      absent = absentStatus.has(response.status);
      return undefined;
    };
    const bytes = await this.#fetch(name, signal, onStatus).catch((error: unknown) => {
      if (absent) return undefined;
      throw error;
    });
    // Development servers answer every unknown address with their page.
    return bytes === undefined || impostor(name, bytes) === "an HTML page" ? undefined : genuine(name, this.label, bytes);
  }

  async read(name: string, signal?: AbortSignal): Promise<Uint8Array> {
    return genuine(name, this.label, await this.#fetch(name, signal));
  }

  async #fetch(
    name: string,
    callSignal: AbortSignal | undefined,
    onStatus?: (response: Response) => Error | undefined,
  ): Promise<Uint8Array> {
    const inside = this.#inside(name);
    const { headers, progress } = this.#options;
    const signal = callSignal ?? this.#options.signal;
    throwIfAborted(signal);
    const known = this.#small.get(inside);
    if (known !== undefined) return known;
    const sink = new MemorySink();
    const onBytes = (loaded: number, total: number | undefined) => progress.report(inside, loaded, total);
    await transfer(this.#url(inside), `${name} of ${this.label}`, sink, { headers, signal, onBytes, onStatus }, this.#network);
    const bytes = sink.bytes();
    if (bytes.length <= smallFile) this.#small.set(inside, bytes);
    return bytes;
  }

  async open(name: string, callSignal?: AbortSignal): Promise<ByteSource> {
    const inside = this.#inside(name);
    const url = this.#url(inside);
    const signal = callSignal ?? this.#options.signal;
    const what = `${name} of ${this.label}`;
    const folder = this.subfolder(folderOf(name));
    const sibling = (other: string) => folder.open(other);
    const sink = new MemorySink();
    const report = (loaded: number, total: number | undefined) => this.#options.progress.report(inside, loaded, total);
    const { headers } = this.#options;
    const range = { from: 0, to: firstRange };
    const response = await transfer(url, what, sink, { range, headers, signal, onBytes: report }, this.#network);
    const bytes = genuine(name, this.label, sink.bytes());
    if (response.status === 200) return { ...memorySource(bytes), sibling };
    const size = Number(/\d+$/.exec(response.headers.get("content-range") ?? "")?.[0]);
    const etag = response.headers.get("etag");
    const options = { ...this.#options, etag, report: (loaded: number) => report(loaded, size) };
    return { ...rangeSource(url, what, bytes, size, options, this.#network), sibling };
  }

  subfolder(path: string): UrlFiles {
    return new UrlFiles(this.#base.href, this.#options, joinName(this.#folder, safeName(path, this.label)), this.#small);
  }
}
