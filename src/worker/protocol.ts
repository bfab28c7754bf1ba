/**
 * What passes between a model in a worker and its caller. Requests carry a number, and every answer the number of its request.
 * Callbacks and signals stay on the caller's side: a request says which it has, events and aborts name the request they belong to.
 */
import type { CALLBACKS } from "../checks.ts";
import { ConfigError, DisposedError, DownloadError, FormatError, ShapeError, UnsupportedError, WeightError } from "../errors.ts";
import type { ModelSource } from "../files/types.ts";
import type { FeatureLevel } from "../kernels/wasm/level.ts";

/** What a worker can hold. */
export type Kind = "Model" | "SentenceEncoder" | "CrossEncoder" | "pipeline";

export interface LoadRequest {
  readonly id: number;
  readonly load: Kind;
  /** Of a pipeline. */
  readonly task?: string;
  readonly source: ModelSource | undefined;
  readonly options: Readonly<Record<string, unknown>>;
  /** The caller's feature level, which the worker's kernels are emitted for: same level, same bits. Undefined where the caller has no SIMD. */
  readonly level: FeatureLevel | undefined;
  readonly callbacks: readonly Callback[];
}
export interface CallRequest {
  readonly id: number;
  /** "forward", "encode", ...; "" for the object itself (a pipeline). */
  readonly method: string;
  readonly args: readonly unknown[];
  /** Options by themselves, without callbacks and signal; the last argument of the call. */
  readonly options: Readonly<Record<string, unknown>>;
  readonly callbacks: readonly Callback[];
}
export type Request = LoadRequest | CallRequest | { readonly abort: number };

export type Callback = (typeof CALLBACKS)[number];

export type Answer =
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly error: SentError }
  | { readonly id: number; readonly callback: Callback; readonly args: readonly unknown[] };

/** An error as plain data: structured clone would lose its class. */
export interface SentError {
  readonly name: string;
  readonly message: string;
  readonly stack?: string | undefined;
  readonly cause?: SentError | undefined;
}

const CLASSES: Readonly<Record<string, new (message: string, options?: ErrorOptions) => Error>> = {
  ConfigError,
  DisposedError,
  DownloadError,
  FormatError,
  ShapeError,
  UnsupportedError,
  WeightError,
  TypeError,
  RangeError,
};

export function sendError(error: unknown): SentError {
  if (!(error instanceof Error)) return { name: "Error", message: String(error) };
  const { name, message, stack, cause } = error;
  return { name, message, stack, ...(cause instanceof Error && { cause: sendError(cause) }) };
}

export function receiveError({ name, message, stack, cause }: SentError): Error {
  const Class = CLASSES[name] ?? Error;
  const error = new Class(message, cause && { cause: receiveError(cause) });
  if (error.name !== name) error.name = name;
  if (stack !== undefined) error.stack = stack;
  return error;
}

/** The buffers of a result's arrays, each once: they are handed over, not copied. */
export function buffersOf(value: unknown, found = new Set<ArrayBuffer>()): Set<ArrayBuffer> {
  if (ArrayBuffer.isView(value)) {
    if (value.buffer instanceof ArrayBuffer) found.add(value.buffer);
  } else if (typeof value === "object" && value !== null) {
    for (const part of Array.isArray(value) ? value : Object.values(value)) {
      if (typeof part === "object") buffersOf(part, found);
    }
  }
  return found;
}
