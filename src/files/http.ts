/**
 * One HTTP request that does not give up at the first trouble: network errors, 408, 429 and 5xx are tried again, with exponential back-off
 * and jitter, or when the server's Retry-After says. A server that falls silent counts as a network error. Aborting ends it at once.
 */

import { throwIfAborted } from "../checks.ts";
import { DownloadError } from "../errors.ts";
import { environment } from "./environment.ts";

export interface Network {
  /** Tries of one request without any progress in between. */
  readonly attempts: number;
  /** First pause between two tries; it doubles each time. */
  readonly backOffMs: number;
  /** Silence that counts as a broken connection. */
  readonly silenceMs: number;
}

/** HF_HUB_DOWNLOAD_TIMEOUT (seconds of silence) as in Python, but 30 instead of 10. */
export function defaultNetwork(): Network {
  const seconds = Number(environment("HF_HUB_DOWNLOAD_TIMEOUT"));
  return { attempts: 5, backOffMs: 300, silenceMs: seconds > 0 ? seconds * 1000 : 30_000 };
}

const longestPauseMs = 30_000;
/** Nobody listens, or the name is unknown: that seldom heals within seconds, so such tries are few. */
const hopeless = new Set(["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "EHOSTUNREACH", "ENETUNREACH"]);
const hopelessAttempts = 3;

export interface Ask {
  readonly method?: "GET" | "HEAD";
  readonly headers?: Readonly<Record<string, string>>;
  readonly redirect?: "follow" | "manual";
  readonly signal?: AbortSignal | undefined;
}

/** No answer came: the address is unknown, nobody listens, the connection broke or fell silent. */
export class NoAnswer extends Error {}

/** The same after as many tries as make sense. */
export class Unreachable extends NoAnswer {}

/** A pause that an abort ends. */
export function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    throwIfAborted(signal);
    const stop = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      resolve();
    }, ms);
    signal?.addEventListener("abort", stop, { once: true });
  });
}

/** How long to wait before try number `attempt` (from 1): Retry-After in seconds or as a date, else back-off with jitter. */
function pauseBefore(attempt: number, response: Response | undefined, network: Network): number {
  const after = response?.headers.get("retry-after");
  if (after !== null && after !== undefined) {
    const seconds = /^\d+$/.test(after) ? Number(after) : (Date.parse(after) - Date.now()) / 1000;
    if (seconds >= 0) return Math.min(seconds * 1000, longestPauseMs);
  }
  return Math.min(network.backOffMs * 2 ** (attempt - 1) * (0.75 + Math.random() / 2), longestPauseMs);
}

/** A timer that aborts `signal` when it is not fed for `ms`; it also passes on the caller's abort. */
export class Watchdog {
  readonly #controller = new AbortController();
  readonly #ms: number;
  readonly #outer: AbortSignal | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #passOn = () => this.#controller.abort(this.#outer?.reason);

  constructor(ms: number, outer: AbortSignal | undefined) {
    this.#ms = ms;
    this.#outer = outer;
    if (outer?.aborted) this.#passOn();
    outer?.addEventListener("abort", this.#passOn, { once: true });
    this.feed();
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  feed(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#controller.abort(new NoAnswer(`nothing came for ${this.#ms / 1000} s`)), this.#ms);
  }

  end(): void {
    clearTimeout(this.#timer);
    this.#outer?.removeEventListener("abort", this.#passOn);
  }
}

const temporary = (status: number) => status === 408 || status === 429 || (status >= 500 && status !== 501);

/**
 * The response's head, and the watchdog that guards its body: the caller feeds it while reading and must end() it.
 * Statuses that will not change (404, 401, ...) are returned like any other.
 * @throws Unreachable after the last try without an answer; the caller's abort reason
 */
export async function ask(url: string, { signal, ...init }: Ask, network: Network): Promise<{ response: Response; watchdog: Watchdog }> {
  for (let attempt = 1; ; attempt++) {
    const watchdog = new Watchdog(network.silenceMs, signal);
    let response: Response | undefined;
    let reason: unknown;
    try {
      response = await fetch(url, { ...init, signal: watchdog.signal } as RequestInit);
      if (!temporary(response.status) || attempt >= network.attempts) return { response, watchdog };
    } catch (error) {
      reason = error;
    }
    watchdog.end();
    throwIfAborted(signal);
    if (response !== undefined) await discard(response);
    else if (attempt >= Math.min(network.attempts, hopeless.has(causeOf(reason)) ? hopelessAttempts : network.attempts))
      throw new Unreachable(`no answer from ${hostOf(url)} (${causeOf(reason)})`, { cause: reason });
    await pause(pauseBefore(attempt, response, network), signal);
  }
}

/** Lets go of a body that nobody reads, so that the connection can be used again. */
export async function discard(response: Response): Promise<void> {
  await response.body?.cancel().catch(() => undefined);
}

export function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host : url;
}

/** fetch hides why it failed in `cause`. */
export function causeOf(error: unknown): string {
  if (error instanceof NoAnswer) return error.message;
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  if (!(cause instanceof Error)) return String(cause);
  return (cause as { code?: string }).code ?? cause.message;
}

/** The sentence for a status that means "no": what was asked of whom, and what to check. */
export function refused(status: number, what: string, url: string, hint: string, cause?: Error): DownloadError {
  return new DownloadError(`${what} could not be fetched: ${hostOf(url)} answered ${status}; ${hint}.`, { cause });
}
