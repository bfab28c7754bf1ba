/**
 * The bytes of one file into a sink, however often the connection breaks: each new try asks for the rest by Range, and starts over where
 * the server does not do ranges or the file has changed. The size is checked here, the hash by the sink's owner.
 */

import { throwIfAborted } from "../checks.ts";
import { DownloadError } from "../errors.ts";
import { ask, causeOf, discard, hostOf, type Network, NoAnswer, pause, refused, Unreachable, type Watchdog } from "./http.ts";

/** Where the bytes go: in order, after `restart` from the first byte again. */
export interface Sink {
  write(chunk: Uint8Array): Promise<void> | void;
  restart(): Promise<void> | void;
  /** About so many bytes will come. */
  expect?(size: number): void;
}

export interface TransferOptions {
  /** Bytes of the whole file, where they are known beforehand. */
  readonly size?: number | undefined;
  /** Only bytes [from, to), as far as the file goes. A server without ranges answers a range from 0 with the whole file (status 200). */
  readonly range?: { readonly from: number; readonly to: number };
  /** The sink has so many bytes already. */
  readonly have?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
  /** The place in the file that has been reached, and the file's size, where that is known. */
  readonly onBytes?: ((at: number, size: number | undefined) => void) | undefined;
  /** What a final status means; the default is a DownloadError that names it. */
  readonly onStatus?: ((response: Response) => Error | undefined) | undefined;
}

/** Connections that broke although each brought something: a file that takes more is not worth having. */
const mostBreaks = 100;

interface Job {
  readonly url: string;
  readonly what: string;
  readonly sink: Sink;
  readonly options: TransferOptions;
  /** The next byte to come, and the first that is wanted. */
  at: number;
  readonly from: number;
  /** Where the wanted bytes end; undefined is the end of the file. */
  to: number | undefined;
  /** Bytes of the whole file, where they are known. */
  size: number | undefined;
  etag: string | null;
}

/** Fills `sink` with the file behind `url`, or a range of it; `what` names it in errors. Returns the final response, for its headers. */
export async function transfer(url: string, what: string, sink: Sink, options: TransferOptions, network: Network): Promise<Response> {
  const { signal, headers, size, have = 0 } = options;
  const { from, to } = options.range ?? { from: 0, to: undefined };
  const job: Job = { url, what, sink, options, at: from + have, from, to, size, etag: null };
  let fruitless = 0;
  for (let breaks = 0; ; breaks++) {
    const before = job.at;
    try {
      const request = { headers: { "Accept-Encoding": "identity", ...headers, ...rangeHeaders(job) }, signal };
      const { response, watchdog } = await ask(url, request, network);
      await take(response, watchdog, job).finally(() => {
        watchdog.end();
        return discard(response); // what was not read
      });
      const end = endOf(job);
      if (end === undefined || job.at === end) return response;
      throw new NoAnswer(`the connection ended at byte ${job.at} of ${end}`);
    } catch (error) {
      throwIfAborted(signal);
      if (!(error instanceof NoAnswer)) throw error;
      fruitless = job.at > before ? 0 : fruitless + 1;
      const neverThere = error instanceof Unreachable && job.at === from; // one that goes away in the middle is waited for
      if (neverThere || fruitless >= network.attempts || breaks >= mostBreaks) throw gaveUp(job, error);
    }
    await pause(network.backOffMs * 2 ** fruitless, signal);
  }
}

function gaveUp({ what, url }: Job, cause: unknown): DownloadError {
  return new DownloadError(`${what} could not be fetched from ${hostOf(url)}: ${causeOf(cause)}. Check the connection and try again.`, {
    cause,
  });
}

/** No If-Range: in a browser it would cost a preflight that storages refuse. The answer's ETag says the same, see begin(). */
function rangeHeaders({ at, to }: Job): Record<string, string> {
  if (to === undefined && at === 0) return {};
  return { Range: `bytes=${at}-${to === undefined ? "" : to - 1}` };
}

/** The byte after the last one that is wanted, where it is known. */
function endOf({ to, size }: Job): number | undefined {
  return to === undefined ? size : Math.min(to, size ?? to);
}

function wrongSize({ what, url }: Job, expected: number, found: number): DownloadError {
  return new DownloadError(`${what}: expected ${expected} bytes, ${hostOf(url)} sent ${found}; is a proxy in between?`);
}

function numberIn(header: string | null | undefined): number | undefined {
  return header && /^\d+$/.test(header) ? Number(header) : undefined;
}

/** Moves one response's body into the sink. Breaks of the connection come out as NoAnswer, trouble of the sink as it is. */
async function take(response: Response, watchdog: Watchdog, job: Job): Promise<void> {
  const { sink, options } = job;
  const announced = await begin(response, job);
  const end = endOf(job);
  if (job.at === job.from && (end ?? announced) !== undefined) sink.expect?.((end ?? announced!) - job.from);
  const tell = () => options.onBytes?.(job.at, job.size ?? announced);
  tell();
  for await (const chunk of chunks(response, watchdog)) {
    const next = job.at + chunk.length;
    if (end !== undefined && next > end) throw wrongSize(job, end, next);
    await sink.write(chunk);
    job.at = next;
    tell();
  }
}

/**
 * Settles from a response's head that its body goes on at `job.at`, or that the file is asked for anew (NoAnswer).
 * @returns the announced size, for a progress, where it cannot be relied on
 */
async function begin(response: Response, job: Job): Promise<number | undefined> {
  const { status, headers } = response;
  const { what, url, options } = job;
  if (status === 416 && job.at > job.from) return again(job, "the server refused to go on in the middle of the file");
  if (status !== 200 && status !== 206)
    throw options.onStatus?.(response) ?? refused(status, what, url, "check the address and whether it needs a login");
  const encoding = headers.get("content-encoding");
  const range = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(headers.get("content-range") ?? "");
  const length = status === 200 ? numberIn(headers.get("content-length")) : undefined;
  // The length of compressed bytes is not the file's; and whether they are may be hidden from a page, when they come from another origin.
  const isPlain = encoding === "identity" || (encoding === null && (response.type !== "cors" || options.size !== undefined));
  const size = status === 200 && isPlain ? length : numberIn(range?.[2]);
  // A part of compressed bytes is of no use, nor one of a file of unknown size: Content-Range may be hidden, too.
  const isCompressed = encoding !== null && encoding !== "identity";
  if (status === 200 ? job.from > 0 : isCompressed || (job.to !== undefined && (size ?? job.size) === undefined)) {
    if (job.from > 0) throw new DownloadError(`${what}: ${hostOf(url)} did ranges before, and now does not.`);
    job.to = undefined;
    return again(job, "the server does not do ranges as they are needed");
  }
  if (status === 200) job.to = undefined;
  const start = status === 200 ? 0 : Number(range?.[1] ?? job.at);
  if (start !== job.at) await startOver(job);
  if (start !== job.at)
    throw new DownloadError(`${what}: asked ${hostOf(url)} for the bytes from ${job.at} on, got them from ${start} on.`);
  const etag = headers.get("etag");
  if (job.etag !== null && etag !== null && etag !== job.etag && start > job.from)
    return again(job, "the file changed while it was fetched");
  job.etag = etag;
  if (size !== undefined && size !== (job.size ?? size)) throw wrongSize(job, job.size as number, size);
  job.size ??= size;
  return length;
}

async function startOver(job: Job): Promise<void> {
  await job.sink.restart();
  job.at = job.from;
  job.size = job.options.size;
  job.etag = null;
}

/** What cannot go on is asked for from its start. */
async function again(job: Job, why: string): Promise<never> {
  await startOver(job);
  throw new NoAnswer(why);
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
