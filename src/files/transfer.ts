/**
 * The bytes of one file into a sink, however often the connection breaks: each new try asks for the rest by Range, and starts over where
 * the server does not do ranges or the file has changed. The size is checked here, the hash by the sink's owner.
 */

import { DownloadError } from "../errors.ts";
import { type Ask, ask, causeOf, discard, hostOf, type Network, NoAnswer, pause, refused, type Watchdog } from "./http.ts";

/** Where the bytes go: in order, after `restart` from the first byte again. */
export interface Sink {
  write(chunk: Uint8Array): Promise<void> | void;
  restart(): Promise<void> | void;
  /** So many bytes will come, if all goes well. */
  expect?(size: number): void;
}

export interface TransferOptions {
  /** Bytes of the whole file, where they are known beforehand. */
  readonly size?: number | undefined;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
  /** Bytes that are in the sink, and of how many, where that is known. */
  readonly onBytes?: ((loaded: number, total: number | undefined) => void) | undefined;
  /** What a final status means; the default is a DownloadError that names it. */
  readonly onStatus?: ((response: Response) => Error | undefined) | undefined;
}

/** Connections that broke although each brought something: a file that takes more is not worth having. */
const mostBreaks = 100;

interface Progressing {
  /** The next byte to come, and the first that is wanted. */
  at: number;
  readonly from: number;
  /** Where the wanted bytes end, and the size of the whole file, where they are known. */
  total: number | undefined;
  readonly wholeFile: boolean;
  etag: string | null;
}

/** Fills `sink` with the file behind `url`; `what` names it in errors. Returns the final response, for its headers. */
export async function transfer(url: string, what: string, sink: Sink, options: TransferOptions, network: Network): Promise<Response> {
  return run(url, what, sink, { at: 0, from: 0, total: options.size, wholeFile: true, etag: null }, options, network);
}

/** Fills `sink` with bytes [from, to) of the file behind `url`; its server must do ranges. */
export async function transferRange(
  url: string,
  what: string,
  sink: Sink,
  from: number,
  to: number,
  options: TransferOptions,
  network: Network,
): Promise<Response> {
  return run(url, what, sink, { at: from, from, total: to, wholeFile: false, etag: null }, options, network);
}

async function run(
  url: string,
  what: string,
  sink: Sink,
  state: Progressing,
  options: TransferOptions,
  network: Network,
): Promise<Response> {
  const { signal, headers } = options;
  let fruitless = 0;
  for (let breaks = 0; ; breaks++) {
    const before = state.at;
    const request: Ask = { headers: { "Accept-Encoding": "identity", ...headers, ...rangeHeaders(state) }, signal };
    const { response, watchdog } = await ask(url, request, network).catch((error: unknown) => {
      throw error instanceof NoAnswer ? gaveUp(what, url, error) : error; // it has been tried often enough there
    });
    let cause: unknown;
    try {
      await take(response, watchdog, state, sink, options, what, url);
      if (state.total === undefined || state.at === state.total) return response;
      cause = new NoAnswer(`the connection ended at byte ${state.at} of ${state.total}`);
    } catch (error) {
      signal?.throwIfAborted();
      if (!(error instanceof NoAnswer)) throw error;
      cause = error;
    } finally {
      watchdog.end();
    }
    fruitless = state.at > before ? 0 : fruitless + 1;
    if (fruitless >= network.attempts || breaks >= mostBreaks) throw gaveUp(what, url, cause);
    await pause(network.backOffMs * 2 ** fruitless, signal);
  }
}

function gaveUp(what: string, url: string, cause: unknown): DownloadError {
  return new DownloadError(`${what} could not be fetched from ${hostOf(url)}: ${causeOf(cause)}. Check the connection and try again.`, {
    cause,
  });
}

/** No If-Range: in a browser it would cost a preflight that storages refuse. The answer's ETag says the same, see take(). */
function rangeHeaders({ at, total, wholeFile }: Progressing): Record<string, string> {
  if (wholeFile && at === 0) return {};
  return { Range: `bytes=${at}-${wholeFile || total === undefined ? "" : total - 1}` };
}

function wrongSize(what: string, url: string, expected: number, found: number): DownloadError {
  return new DownloadError(`${what}: expected ${expected} bytes, ${hostOf(url)} sent ${found}; is a proxy in between?`);
}

/** Moves one response's body into the sink. Breaks of the connection come out as NoAnswer, trouble of the sink as it is. */
async function take(
  response: Response,
  watchdog: Watchdog,
  state: Progressing,
  sink: Sink,
  options: TransferOptions,
  what: string,
  url: string,
): Promise<void> {
  const { status } = response;
  if (status === 416 && state.at > state.from) {
    await discard(response); // the file has become shorter: from the start
    await startOver(state, sink, options);
    throw new NoAnswer("the server refused to go on in the middle of the file");
  }
  if ((status !== 200 || !state.wholeFile) && status !== 206) {
    await discard(response);
    if (status === 200) throw new DownloadError(`${what}: ${hostOf(url)} did ranges before, and now does not.`);
    throw options.onStatus?.(response) ?? refused(status, what, url, "check the address and whether it needs a login");
  }
  const range = status === 206 ? /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(response.headers.get("content-range") ?? "") : null;
  const start = status === 206 ? Number(range?.[1] ?? state.at) : 0;
  if (start !== state.at) await startOver(state, sink, options);
  if (start !== state.at)
    throw new DownloadError(`${what}: asked ${hostOf(url)} for the bytes from ${state.at} on, got them from ${start} on.`);
  const encoded = (response.headers.get("content-encoding") ?? "identity") !== "identity";
  const length = response.headers.get("content-length");
  const whole =
    range === null ? (length === null || encoded ? undefined : Number(length)) : range[2] === "*" ? undefined : Number(range[2]);
  if (state.wholeFile) {
    if (whole !== undefined && whole !== (state.total ?? whole)) throw wrongSize(what, url, state.total as number, whole);
    state.total ??= whole;
  }
  const etag = response.headers.get("etag");
  if (state.etag !== null && etag !== null && etag !== state.etag && start > state.from) {
    await discard(response);
    await startOver(state, sink, options);
    throw new NoAnswer("the file changed while it was fetched");
  }
  state.etag = etag;
  if (state.at === state.from && state.total !== undefined) sink.expect?.(state.total - state.from);
  options.onBytes?.(state.at, state.total);
  for await (const chunk of chunks(response, watchdog)) {
    const next = state.at + chunk.length;
    if (state.total !== undefined && next > state.total) throw wrongSize(what, url, state.total, next);
    await sink.write(chunk);
    state.at = next;
    options.onBytes?.(state.at, state.total);
  }
}

async function startOver(state: Progressing, sink: Sink, options: TransferOptions): Promise<void> {
  await sink.restart();
  state.at = state.from;
  if (state.wholeFile) state.total = options.size;
  state.etag = null;
}

async function* chunks(response: Response, watchdog: Watchdog): AsyncGenerator<Uint8Array> {
  const reader = response.body?.getReader();
  if (reader === undefined) return;
  try {
    for (;;) {
      const { done, value } = await reader.read().catch((error: unknown) => {
        if (watchdog.signal.reason instanceof NoAnswer) throw watchdog.signal.reason;
        throw new NoAnswer(`the connection broke (${causeOf(error)})`, { cause: error });
      });
      if (done) return;
      watchdog.feed();
      yield value;
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}
