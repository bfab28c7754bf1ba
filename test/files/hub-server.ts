/**
 * A Hub on 127.0.0.1: the resolve addresses with commits and ETags, LFS files redirected to a storage of another origin with ranges, private
 * and gated repositories, error codes; and the trouble that networks make, by file: statuses, cuts, silence, wrong bytes, no ranges.
 */

import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface Fault {
  /** Answer with this status (and Retry-After: 0). */
  status?: number;
  /** Send so many bytes of what was asked for, then cut the connection. */
  cutAfter?: number;
  /** Send so many bytes, then nothing more. */
  silentAfter?: number;
  /** Send these bytes instead of the file. */
  instead?: Uint8Array;
  /** Send the whole file whatever range is asked for. */
  noRanges?: boolean;
  /** Send this ETag instead of the right one. */
  etag?: string;
  /** Milliseconds between pieces of 16 KiB. */
  slow?: number;
}

export interface Seen {
  method: string;
  path: string;
  origin: "hub" | "storage";
  /** As it stands in the Hub's address. */
  revision?: string;
  range: string | undefined;
  authorization: string | undefined;
}

interface Repository {
  commit: string;
  files: Map<string, Uint8Array>;
  access?: "private" | "gated";
  /** Redirect within the Hub first, as it does for repositories that were renamed. */
  renamedTo?: string;
}

const isLfs = (name: string) => name.endsWith(".safetensors") || name.endsWith(".bin");

export function etagOf(name: string, bytes: Uint8Array): string {
  if (isLfs(name)) return createHash("sha256").update(bytes).digest("hex");
  return createHash("sha1").update(`blob ${bytes.length}\0`).update(bytes).digest("hex");
}

/** Lets pages of other origins in, and shows them what the Hub shows them. Their preflights are answered here. */
function isForPage({ method }: IncomingMessage, response: ServerResponse): boolean {
  response.setHeader("Access-Control-Allow-Origin", "*");
  response.setHeader("Access-Control-Expose-Headers", "X-Repo-Commit, X-Error-Code, ETag, Content-Range, X-Linked-Size, X-Linked-ETag");
  if (method === "OPTIONS") response.writeHead(204, { "Access-Control-Allow-Headers": "Authorization, Range" }).end();
  return method === "OPTIONS";
}

export class HubServer {
  readonly repositories = new Map<string, Repository>();
  /** Faults of the next GETs of a file, in order; undefined is none. */
  readonly faults = new Map<string, (Fault | undefined)[]>();
  /** Faults of the next HEADs of a file. */
  readonly headFaults = new Map<string, Fault[]>();
  readonly seen: Seen[] = [];
  /** Downloads whose client went away before the end. */
  dropped = 0;
  readonly token = "hf_secret";
  readonly endpoint: string;
  readonly storage: string;
  readonly #hub: Server;
  readonly #storage: Server;

  private constructor(hub: Server, storage: Server) {
    this.#hub = hub;
    this.#storage = storage;
    const origin = (of: Server) => `http://127.0.0.1:${(of.address() as AddressInfo).port}`;
    this.endpoint = origin(hub);
    this.storage = origin(storage);
    hub.on("request", (request, response) => isForPage(request, response) || this.#onHub(request, response));
    storage.on("request", (request, response) => isForPage(request, response) || this.#onStorage(request, response));
  }

  static async start(): Promise<HubServer> {
    const servers = [createServer(), createServer()] as const;
    await Promise.all(servers.map((server) => new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))));
    return new HubServer(...servers);
  }

  async stop(): Promise<void> {
    for (const server of [this.#hub, this.#storage]) {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  }

  add(id: string, files: Record<string, Uint8Array | string>, more: Partial<Repository> = {}): Repository {
    const bytes = Object.entries(files).map(
      ([name, file]) => [name, typeof file === "string" ? new TextEncoder().encode(file) : file] as const,
    );
    const repository = { commit: createHash("sha1").update(id).digest("hex"), files: new Map(bytes), ...more };
    this.repositories.set(id, repository);
    return repository;
  }

  /** What was asked for since the last call: "HEAD config.json", "GET model.safetensors bytes=5-". */
  asked(): string[] {
    const asked = this.seen.map(({ method, path, range }) => `${method} ${path}${range === undefined ? "" : ` ${range}`}`);
    this.seen.length = 0;
    return asked;
  }

  #note(request: IncomingMessage, path: string, from: Pick<Seen, "origin" | "revision">): void {
    const { range, authorization } = request.headers;
    this.seen.push({ method: request.method ?? "", path, ...from, range, authorization });
  }

  #onHub(request: IncomingMessage, response: ServerResponse): void {
    const match = /^\/([\w.-]+(?:\/[\w.-]+)?)\/resolve\/([^/]+)\/(.+)$/.exec(request.url ?? "");
    const [id, revision, name] = (match?.slice(1) ?? []).map(decodeURIComponent) as [string, string, string];
    this.#note(request, name ?? request.url ?? "", { origin: "hub", revision });
    const refuse = (status: number, code?: string, headers = {}) =>
      response.writeHead(status, { ...(code === undefined ? {} : { "X-Error-Code": code }), ...headers }).end();
    const repository = this.repositories.get(id);
    if (repository?.renamedTo !== undefined)
      return void refuse(307, undefined, { Location: `/${repository.renamedTo}/resolve/${revision}/${name}` });
    const known = request.headers.authorization === `Bearer ${this.token}`;
    if (repository === undefined || (repository.access === "private" && !known)) return void refuse(known ? 404 : 401, "RepoNotFound");
    if (repository.access === "gated") return void refuse(403, "GatedRepo");
    if (revision !== "main" && revision !== repository.commit && revision !== "refs/pr/1") return void refuse(404, "RevisionNotFound");
    const headFault = request.method === "HEAD" ? this.headFaults.get(name)?.shift() : undefined;
    if (headFault?.status !== undefined) return void refuse(headFault.status, undefined, { "Retry-After": "0" });
    const bytes = repository.files.get(name);
    const commit = { "X-Repo-Commit": repository.commit };
    if (bytes === undefined) return void refuse(404, "EntryNotFound", commit);
    const etag = etagOf(name, bytes);
    if (isLfs(name)) {
      const linked = {
        "X-Linked-Etag": `"${etag}"`,
        "X-Linked-Size": String(bytes.length),
        Location: `${this.storage}/${id}/${name}?signature=1`,
      };
      return void response.writeHead(302, { ...commit, ...linked }).end();
    }
    if (request.method === "HEAD")
      return void response.writeHead(200, { ...commit, ETag: `"${etag}"`, "Content-Length": bytes.length }).end();
    this.#send(request, response, name, bytes, { ...commit, ETag: `"${etag}"` });
  }

  #onStorage(request: IncomingMessage, response: ServerResponse): void {
    const path = (request.url ?? "").replace(/\?.*/, "").slice(1);
    const id = [...this.repositories.keys()].find((known) => path.startsWith(`${known}/`)) ?? "";
    const name = path.slice(id.length + 1);
    this.#note(request, name, { origin: "storage" });
    const bytes = this.repositories.get(id)?.files.get(name);
    if (bytes === undefined) return void response.writeHead(404).end();
    this.#send(request, response, name, bytes, { ETag: `"${etagOf(name, bytes)}"` });
  }

  #send(request: IncomingMessage, response: ServerResponse, name: string, file: Uint8Array, headers: Record<string, string>): void {
    const fault = this.faults.get(name)?.shift() ?? {};
    if (fault.status !== undefined) return void response.writeHead(fault.status, { "Retry-After": "0" }).end();
    let bytes = fault.instead ?? file;
    if (fault.etag !== undefined) headers.ETag = fault.etag;
    const range = fault.noRanges ? null : /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? "");
    if (range !== null) {
      const start = Number(range[1]);
      const end = Math.min(range[2] === "" ? bytes.length : Number(range[2]) + 1, bytes.length);
      if (start >= bytes.length) return void response.writeHead(416, { "Content-Range": `bytes */${bytes.length}` }).end();
      response.writeHead(206, { ...headers, "Content-Range": `bytes ${start}-${end - 1}/${bytes.length}`, "Content-Length": end - start });
      bytes = bytes.subarray(start, end);
    } else response.writeHead(200, { ...headers, "Content-Length": bytes.length });
    response.on("close", () => {
      if (!response.writableFinished) this.dropped++;
    });
    const stop = fault.cutAfter ?? fault.silentAfter;
    if (stop !== undefined) {
      response.write(bytes.subarray(0, stop), () => {
        if (fault.cutAfter !== undefined) setTimeout(() => response.destroy(), 5); // let the bytes arrive
      });
    } else if (fault.slow !== undefined) this.#dribble(response, bytes, fault.slow);
    else response.end(bytes);
  }

  #dribble(response: ServerResponse, bytes: Uint8Array, ms: number): void {
    let at = 0;
    const timer = setInterval(() => {
      response.write(bytes.subarray(at, at + 16_384));
      at += 16_384;
      if (at < bytes.length) return;
      clearInterval(timer);
      response.end();
    }, ms);
    response.on("close", () => clearInterval(timer));
  }
}
