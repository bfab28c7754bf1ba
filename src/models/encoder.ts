/**
 * What every family is to the rest of the engine: tokens in, hidden states out.
 * A family with different mathematics implements this in a file of its own; heads, batching, queue and outputs are shared.
 */

import type { TokenBatch } from "../layers/tokens.ts";
import type { Backend } from "../tensor/backend.ts";
import type { Mat } from "../tensor/mat.ts";

/** Mats that the caller wants besides the last hidden state: an encoder pushes to those that are there. Asking never changes a bit of the result. */
export interface Taps {
  /** Receives L + 1 Mats [T, C]: the embedding output, then the output of each layer. */
  readonly hiddenStates?: Mat[];
  /** Receives L entries of one Mat [H * S, S] a sequence: the softmax of each attention. */
  readonly attentions?: (readonly Mat[])[];
}

export interface Encoder {
  readonly sizes: EncoderSizes;
  /** The last hidden state [T, C], allocated in the caller's frame. */
  forward(backend: Backend, batch: TokenBatch, taps: Taps): Mat;
}

export interface EncoderSizes {
  readonly V: number;
  readonly C: number;
  /** Embedding size; equal to C unless the family factorises. */
  readonly E: number;
  readonly H: number;
  /** Layers, as hiddenStates counts them. */
  readonly L: number;
  /** Most tokens a sequence may have; Infinity where positions are relative. */
  readonly maxLength: number;
  /** Token types 0 .. typeCount - 1; 0 = the family has none and ignores them. */
  readonly typeCount: number;
  /** Where the word table's weight is, relative to the encoder: tied decoders use it again. */
  readonly words: string;
}
