/**
 * Lower case of one character, without context (so final sigma is an ordinary one) and by Unicode 17 whatever the engine's version:
 * letters that came with Unicode 16 and 17 are listed, all others are the engine's.
 */

/** [first, last, what to add]; runs of alternating upper and lower case are given upper case by upper case. */
const NEW_LETTERS: readonly (readonly [first: number, last: number, shift: number])[] = [
  [0xa7cb, 0xa7cb, 0x264 - 0xa7cb],
  [0xa7cc, 0xa7cc, 1],
  [0xa7ce, 0xa7ce, 1],
  [0xa7d2, 0xa7d2, 1],
  [0xa7d4, 0xa7d4, 1],
  [0xa7da, 0xa7da, 1],
  [0xa7dc, 0xa7dc, 0x19b - 0xa7dc],
  [0x10d50, 0x10d65, 0x20],
  [0x16ea0, 0x16eb8, 0x1b],
];

export function lowerCase(codePoint: number): string {
  if (codePoint >= 0xa7cb) {
    for (const [first, last, shift] of NEW_LETTERS) {
      if (codePoint >= first && codePoint <= last) return String.fromCodePoint(codePoint + shift);
    }
  }
  return String.fromCodePoint(codePoint).toLowerCase();
}
