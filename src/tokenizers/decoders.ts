/**
 * The decoders of tokenizer.json but WordPiece's and ByteLevel's: Metaspace, BPEDecoder, ByteFallback, Fuse, Strip, Replace, CTC, Sequence.
 * Each turns the list of tokens into a list of texts; what the last one gives is joined.
 */

import type { Decoder } from "./component.ts";
import { cleanUp } from "./wordpiece-decoder.ts";

/** "▁" becomes a space, but the one that was put in front of the text goes. */
export function metaspaceDecoder(replacement: string, prepended: boolean): Decoder {
  return (tokens) => tokens.map((token, i) => token.replaceAll(replacement, i === 0 && prepended ? "" : " "));
}

/** The suffix that marks the end of a word becomes a space, but the last one goes. */
export function bpeDecoder(suffix: string): Decoder {
  return (tokens) => tokens.map((token, i) => (suffix === "" ? token : token.replaceAll(suffix, i === tokens.length - 1 ? "" : " ")));
}

/** Runs of tokens "<0x0A>" become the text of their bytes, or as many U+FFFD where that is no UTF-8. */
export const byteFallbackDecoder: Decoder = (tokens) => {
  const out: string[] = [];
  let bytes: number[] = [];
  const flush = (): void => {
    if (bytes.length === 0) return;
    try {
      out.push(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(Uint8Array.from(bytes)));
    } catch {
      for (let i = 0; i < bytes.length; i++) out.push("\ufffd");
    }
    bytes = [];
  };
  for (const token of tokens) {
    const hex = /^<0x([0-9A-Fa-f]{2})>$/.exec(token)?.[1];
    if (hex === undefined) {
      flush();
      out.push(token);
    } else bytes.push(Number.parseInt(hex, 16));
  }
  flush();
  return out;
};

export const fuseDecoder: Decoder = (tokens) => [tokens.join("")];

/** At most `start` and `stop` times `content` from the ends of each token. */
export function stripDecoder(content: string, start: number, stop: number): Decoder {
  return (tokens) =>
    tokens.map((token) => {
      const characters = Array.from(token);
      let from = 0;
      let to = characters.length;
      while (from < start && from < characters.length && characters[from] === content) from++;
      while (characters.length - to < stop && to > from && characters[to - 1] === content) to--;
      return characters.slice(from, to).join("");
    });
}

export function replaceDecoder(pattern: RegExp, content: string): Decoder {
  return (tokens) => tokens.map((token) => token.replace(pattern, () => content));
}

/** Speech models': equal neighbours are one, padding goes. */
export function ctcDecoder(padToken: string, wordDelimiter: string, cleanup: boolean): Decoder {
  return (tokens) =>
    tokens
      .filter((token, i) => token !== tokens[i - 1])
      .map((token) => {
        const text = token.replaceAll(padToken, "");
        return cleanup ? cleanUp(text).replaceAll(wordDelimiter, " ") : text;
      })
      .filter((text) => text !== "");
}

export function sequenceDecoder(steps: readonly Decoder[]): Decoder {
  return (tokens) => steps.reduce((texts, step) => step(texts), tokens);
}
