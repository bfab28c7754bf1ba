/**
 * BertPreTokenizer: words are what white space separates, and each punctuation character is a word of its own.
 */

import type { AlignedText } from "./aligned-text.ts";
import type { PreTokenizer, Words } from "./component.ts";
import { kindOf, PUNCT, SPACE } from "./unicode/character-kinds.ts";

const asciiKinds = new Uint8Array(128);

export class BertPreTokenizer implements PreTokenizer {
  constructor() {
    for (let code = 0; code < 128; code++) asciiKinds[code] = kindOf(code) & (SPACE | PUNCT);
  }

  split({ text, bounds }: Words): Words {
    const found: number[] = [];
    for (let w = 0; w < bounds.length; w += 2) splitRange(text, bounds[w]!, bounds[w + 1]!, found);
    return { text, bounds: found };
  }
}

function splitRange(text: AlignedText, from: number, to: number, found: number[]): void {
  const { codes } = text;
  let start = from;
  for (let i = from; i < to; ) {
    const code = codes[i]!;
    let next = i + 1;
    let kind: number;
    if (code < 128) kind = asciiKinds[code]!;
    else {
      const codePoint = text.codePointAt(i);
      if (codePoint > 0xffff) next++;
      kind = kindOf(codePoint) & (SPACE | PUNCT);
    }
    if (kind !== 0) {
      if (i > start) found.push(start, i);
      if ((kind & SPACE) === 0) found.push(i, next);
      start = next;
    }
    i = next;
  }
  if (to > start) found.push(start, to);
}
