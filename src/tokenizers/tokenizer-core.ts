/**
 * The tokenizer without its files: how the stages (component.ts) are run one after the other. What a text becomes:
 *
 *   "Hello [MASK]!"   added tokens that are searched for in the text as it is:     "Hello " | [MASK] | "!"
 *                     normalise what is between them, search the other added ones:  "hello " | [MASK] | "!"
 *                     pre-tokenize into words:                                      "hello" | [MASK] | "!"
 *                     cut each word into tokens of the vocabulary, with offsets; then truncate and add special tokens (encoding.ts)
 */

import { checkString } from "../checks.ts";
import { isId } from "../fields.ts";
import { type AddedToken, AddedTokenFinder } from "./added-tokens.ts";
import { AlignedText, scalarAt } from "./aligned-text.ts";
import type { Decoder, Normalizer, PreTokenizer, TokenModel } from "./component.ts";
import { assemble, type EncodeOptions, type Encoding, type Sequence } from "./encoding.ts";
import { Pieces } from "./pieces.ts";
import type { Template } from "./template.ts";

export interface TokenizerParts {
  readonly normalizer?: Normalizer | undefined;
  readonly preTokenizer?: PreTokenizer | undefined;
  readonly model: TokenModel;
  readonly template?: Template | undefined;
  readonly decoder?: Decoder | undefined;
  readonly added: readonly AddedToken[];
}

export class TokenizerCore {
  readonly #parts: TokenizerParts;
  readonly #plainFinder: AddedTokenFinder;
  readonly #normalizedFinder: AddedTokenFinder;
  readonly #addedByContent = new Map<string, AddedToken>();
  readonly #addedById = new Map<number, string>();
  readonly #specialTokens = new Set<string>();
  /** For the one or two sequences of the text at hand. */
  readonly #pieces = [new Pieces(), new Pieces()];

  constructor(parts: TokenizerParts) {
    this.#parts = parts;
    const searched = new Map<AddedToken, string>();
    for (const token of parts.added) {
      const { content } = token;
      const pattern = token.normalized ? normalized(parts.normalizer, content, 0, content.length).slice() : content;
      searched.set(token, pattern);
      this.#addedByContent.set(content, token);
      // What decode sees is the form that the normaliser made of it, as in the reference.
      this.#addedById.set(token.id, pattern);
      if (token.special) this.#specialTokens.add(content);
    }
    const finder = (normalized: boolean): AddedTokenFinder =>
      new AddedTokenFinder(
        parts.added.filter((token) => token.normalized === normalized),
        (token) => searched.get(token)!,
      );
    this.#plainFinder = finder(false);
    this.#normalizedFinder = finder(true);
  }

  /** Number of tokens, added ones included. */
  get vocabSize(): number {
    const { model, added } = this.#parts;
    let size = model.size;
    for (const token of added) if (model.tokenToId(token.content) === undefined) size++;
    return size;
  }

  protected get model(): TokenModel {
    return this.#parts.model;
  }

  tokenToId(token: string): number | undefined {
    checkString(token, "tokenToId");
    return this.#addedByContent.get(token)?.id ?? this.#parts.model.tokenToId(token);
  }

  idToToken(id: number): string | undefined {
    return isId(id) ? (this.#addedById.get(id) ?? this.#parts.model.idToToken(id)) : undefined;
  }

  protected encodeTexts(texts: readonly string[], options: EncodeOptions, modelMaxLength: number): Encoding {
    const sequences = texts.map((text, i): Sequence => {
      const pieces = this.#pieces[i]!;
      pieces.clear();
      this.#tokenize(text, pieces);
      return { text, pieces, toOffset: options.offsets === "codepoint" ? codePointCounter(text) : undefined };
    });
    return assemble(sequences, this.#parts.template, (id) => this.#parts.model.idToToken(id), options, modelMaxLength);
  }

  protected decodeIds(ids: readonly number[], skipSpecialTokens: boolean): string {
    const tokens: string[] = [];
    for (const id of ids) {
      const token = this.idToToken(id);
      if (token !== undefined && !(skipSpecialTokens && this.#specialTokens.has(token))) tokens.push(token);
    }
    return this.joinTokens(tokens);
  }

  /** Text of tokens, as decode joins them: "##" and byte-level marks are undone. */
  joinTokens(tokens: readonly string[]): string {
    const { decoder } = this.#parts;
    return decoder === undefined ? tokens.join(" ") : decoder([...tokens]).join("");
  }

  /** Appends the tokens of one text, without special tokens. */
  #tokenize(text: string, out: Pieces): void {
    let word = 0;
    for (const { token, from, to } of this.#plainFinder.find((i) => text.charCodeAt(i), text.length)) {
      if (token !== undefined) this.#pushAdded(out, token, text.slice(from, to), from, to, word++);
      else word = this.#tokenizeBetween(text, from, to, word, out);
    }
  }

  #pushAdded(out: Pieces, token: AddedToken, value: string, start: number, end: number, word: number): void {
    if (value !== this.#parts.model.idToToken(token.id)) out.values.set(out.length, value);
    out.push(token.id, start, end, word);
  }

  /** The part [from, to) of the text, which has no plain added token in it. Returns the number of the next word. */
  #tokenizeBetween(original: string, from: number, to: number, firstWord: number, out: Pieces): number {
    const { normalizer, preTokenizer, model } = this.#parts;
    const text = normalized(normalizer, original, from, to);
    let word = firstWord;
    const matches = this.#normalizedFinder.empty
      ? [{ token: undefined, from: 0, to: text.length }]
      : this.#normalizedFinder.find((i) => text.codes[i]!, text.length);
    for (const match of matches) {
      if (match.to === match.from) continue;
      if (match.token !== undefined) {
        const value = text.slice(match.from, match.to);
        this.#pushAdded(out, match.token, value, text.starts[match.from]!, text.ends[match.to - 1]!, word++);
        continue;
      }
      const whole = { text, bounds: [match.from, match.to] };
      const words = preTokenizer?.split(whole) ?? whole;
      const { bounds } = words;
      for (let w = 0; w < bounds.length; w += 2) model.tokenize(words.text, bounds[w]!, bounds[w + 1]!, word++, out);
    }
    return word;
  }
}

function normalized(normalizer: Normalizer | undefined, original: string, from: number, to: number): AlignedText {
  if (normalizer?.normalize !== undefined) return normalizer.normalize(original, from, to);
  const text = AlignedText.of(original, from, to);
  return normalizer === undefined ? text : normalizer.apply(text);
}

/** Code points before each UTF-16 offset of `text`. */
function codePointCounter(text: string): ((utf16: number) => number) | undefined {
  if (!/[\ud800-\udbff]/.test(text)) return undefined;
  const before = new Int32Array(text.length + 1);
  let count = 0;
  for (let i = 0; i < text.length; ) {
    const units = scalarAt(text, i, text.length) > 0xffff ? 2 : 1;
    before.fill(count, i, i + units);
    count++;
    i += units;
  }
  before[text.length] = count;
  return (utf16) => before[utf16]!;
}
