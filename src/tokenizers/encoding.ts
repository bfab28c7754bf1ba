/**
 * From the tokens of one or two sequences to an Encoding: truncate, put the template's special tokens around, and do the same for every
 * overflowing window. With windows of both sequences the order is the reference library's: (a0 b0), then each further window of A with all
 * of B's, then the first of A with the further ones of B.
 */

import { check, checkInteger } from "../checks.ts";
import type { Pieces } from "./pieces.ts";
import type { SpecialPart, Template, Trim } from "./template.ts";
import { addedBy, PLAIN_TEMPLATE } from "./template.ts";
import { shares, type TruncationStrategy, type Window, windowsOf } from "./windows.ts";

export interface EncodeOptions {
  /** Default true. */
  readonly addSpecialTokens?: boolean;
  /** Default false: the truncation and padding blocks of tokenizer.json are not applied by themselves. */
  readonly truncation?: false | TruncationStrategy;
  /** Counts special tokens. Needed for truncation; default: the tokenizer's modelMaxLength. */
  readonly maxLength?: number;
  /** Tokens shared by neighbouring windows. Default 0. */
  readonly stride?: number;
  /** Units of the offsets: positions in the JavaScript string (default), or code points as in Python. */
  readonly offsets?: "utf16" | "codepoint";
}

/** Parallel lists, one entry per token. */
export interface Encoding {
  ids: number[];
  typeIds: number[];
  tokens: string[];
  /** text.slice(start, end) is the piece of the caller's text; [0, 0] for special tokens of the template. */
  offsets: [start: number, end: number][];
  /** Which word (of its sequence) the token is part of. */
  wordIds: (number | null)[];
  sequenceIds: (0 | 1 | null)[];
  specialTokensMask: (0 | 1)[];
  /** The further windows of a truncated text, each with its special tokens. */
  overflowing: Encoding[];
}

/** One sequence on its way: its tokens, and how to name them and give their offsets. @internal */
export interface Sequence {
  readonly text: string;
  readonly pieces: Pieces;
  /** The caller's offset for a UTF-16 offset, where it is another. */
  readonly toOffset: ((utf16: number) => number) | undefined;
}

/** The string of an id that the model gave; tokens with another string have it in their Pieces. @internal */
export type IdToToken = (id: number) => string | undefined;

/** @internal */
export function assemble(
  sequences: readonly Sequence[],
  template: Template | undefined,
  idToToken: IdToToken,
  options: EncodeOptions,
  modelMaxLength: number,
): Encoding {
  const { single, pair, trims, overflowTypeIds } = template ?? PLAIN_TEMPLATE;
  const all = sequences.length === 2 ? pair : single;
  const addSpecialTokens = options.addSpecialTokens ?? true;
  const parts = addSpecialTokens ? all : all.filter((part) => part.kind === "sequence");
  const ownTypeIds = overflowTypeIds === "sequence" || (overflowTypeIds === "sequence without special tokens" && !addSpecialTokens);
  const windows = truncate(sequences, addedBy(parts), addedBy(single), options, modelMaxLength);

  const build = (choice: readonly number[], overflows: boolean): Encoding => {
    const ranges = parts.map((part, i) => (part.kind === "special" ? undefined : windows[part.sequence]![choice[i]!]!));
    const encoding = emptyEncoding(
      parts.reduce((sum, part, i) => sum + (part.kind === "special" ? part.ids.length : length(ranges[i]!)), 0),
    );
    let at = 0;
    parts.forEach((part, i) => {
      if (part.kind === "special") at = putSpecial(encoding, at, part);
      else {
        const typeId = overflows && choice[i]! > 0 && ownTypeIds ? part.sequence : part.typeId;
        at = putSequence(encoding, at, sequences[part.sequence]!, part.sequence, typeId, ranges[i]!, idToToken, trims);
      }
    });
    return encoding;
  };
  const counts = parts.map((part) => (part.kind === "special" ? 1 : windows[part.sequence]!.length));
  const encoding = build(
    counts.map(() => 0),
    false,
  );
  if (counts.some((count) => count > 1)) encoding.overflowing = overflowChoices(counts).map((choice) => build(choice, true));
  return encoding;
}

/** The windows of each sequence. */
function truncate(
  sequences: readonly Sequence[],
  added: number,
  addedToSingle: number,
  options: EncodeOptions,
  modelMaxLength: number,
): Window[][] {
  const lengths = sequences.map((sequence) => sequence.pieces.length);
  const strategy = options.truncation ?? false;
  const maxLength = options.maxLength ?? modelMaxLength;
  if (strategy === false || maxLength === Number.POSITIVE_INFINITY) return lengths.map((length) => [[0, length]]);
  const stride = options.stride ?? 0;
  checkTruncation(maxLength, stride, addedToSingle);
  // The reference's subtraction wraps around: a maxLength with no room even for the special tokens truncates nothing.
  if (maxLength < added) return lengths.map((length) => [[0, length]]);
  const keeps = shares(lengths[0]!, lengths[1], maxLength - added, strategy);
  return lengths.map((length, i) => windowsOf(length, keeps[i]!, stride));
}

function checkTruncation(maxLength: number, stride: number, addedToSingle: number): void {
  checkInteger(maxLength, "maxLength", 0);
  checkInteger(stride, "stride", 0);
  const room = maxLength - addedToSingle;
  check(room < 0 || stride <= room, "stride", `at most the ${room} tokens that fit beside the special tokens`, stride);
}

/** For each overflowing encoding: which window of each part. See the order above; it falls out of merging the parts one after the other. */
function overflowChoices(counts: readonly number[]): number[][] {
  let choices: number[][] = [];
  let first: number[] = [];
  for (const count of counts) {
    const merged: number[][] = [];
    for (const choice of choices) for (let window = 0; window < count; window++) merged.push([...choice, window]);
    for (let window = 1; window < count; window++) merged.push([...first, window]);
    choices = merged;
    first = [...first, 0];
  }
  return choices;
}

const length = ([from, to]: Window): number => to - from;

/** Lists of their final length, to be filled. */
function emptyEncoding(count: number): Encoding {
  return {
    ids: new Array(count),
    typeIds: new Array(count),
    tokens: new Array(count),
    offsets: new Array(count),
    wordIds: new Array(count),
    sequenceIds: new Array(count),
    specialTokensMask: new Array(count),
    overflowing: [],
  };
}

/** Writes the part's tokens from place `at` on and returns the place after them. */
function putSpecial(encoding: Encoding, at: number, part: SpecialPart): number {
  part.ids.forEach((id, i) => {
    encoding.ids[at + i] = id;
    encoding.tokens[at + i] = part.tokens[i]!;
    encoding.typeIds[at + i] = part.typeId;
    encoding.offsets[at + i] = [0, 0];
    encoding.wordIds[at + i] = null;
    encoding.sequenceIds[at + i] = null;
    encoding.specialTokensMask[at + i] = 1;
  });
  return at + part.ids.length;
}

function putSequence(
  encoding: Encoding,
  place: number,
  { text, pieces, toOffset }: Sequence,
  sequence: 0 | 1,
  typeId: number,
  [from, to]: Window,
  idToToken: IdToToken,
  trims: readonly Trim[],
): number {
  const { ids, starts, ends, words, values } = pieces;
  let at = place;
  for (let t = from; t < to; t++, at++) {
    const id = ids[t]!;
    const token = (values.size > 0 ? values.get(t) : undefined) ?? idToToken(id) ?? "";
    let start = starts[t]!;
    let end = ends[t]!;
    for (const trim of trims) [start, end] = trim(text, token, start, end, t === from);
    encoding.ids[at] = id;
    encoding.tokens[at] = token;
    encoding.typeIds[at] = typeId;
    encoding.offsets[at] = toOffset === undefined ? [start, end] : [toOffset(start), toOffset(end)];
    encoding.wordIds[at] = words[t]!;
    encoding.sequenceIds[at] = sequence;
    encoding.specialTokensMask[at] = 0;
  }
  return at;
}
