/**
 * RoBERTa's and ByteLevel's `trim_offsets`: the white space that a token begins or ends with is left out of its offsets.
 */

import { scalarAt } from "./aligned-text.ts";
import type { Trim } from "./template.ts";
import { isSpace } from "./unicode/character-kinds.ts";

/** The range without as many characters of the text as the token has white space at its ends. */
export function trimOffsets(addPrefixSpace: boolean): Trim {
  return (text, token, start, end, isFirst) => {
    const leading = leadingBlanks(token);
    const trailing = trailingBlanks(token);
    // One space in front of the text's first token is the one that add_prefix_space put there: the text has none to leave out.
    const added = addPrefixSpace && leading === 1 && (isFirst || start === 0);
    let from = start;
    for (let k = added ? 0 : leading; k > 0 && from < end; k--) from += scalarAt(text, from, end) > 0xffff ? 2 : 1;
    let to = end;
    for (let k = trailing; k > 0 && to > from; k--) to -= to - 2 >= from && scalarAt(text, to - 2, to) > 0xffff ? 2 : 1;
    return [from, to];
  };
}

/** White space, also as byte-level's "Ġ". */
const blank = (code: number): boolean => code === 0x120 || isSpace(code);

function leadingBlanks(token: string): number {
  let count = 0;
  while (count < token.length && blank(token.charCodeAt(count))) count++;
  return count;
}

function trailingBlanks(token: string): number {
  let count = 0;
  while (count < token.length && blank(token.charCodeAt(token.length - 1 - count))) count++;
  return count;
}
