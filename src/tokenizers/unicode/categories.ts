/**
 * General categories as the reference library has them. Its tables are older than the engine's, so that `\p{P}` or `\p{Mn}` would split or strip
 * code points which the library does not. What a code point is seldom changes once it is assigned: a set is the engine's, but for the code
 * points listed here, which the reference and some engine from Unicode 14 to 17 see differently. Form of the lists: see ranges.ts.
 */

import { decodeRanges, inRanges } from "./ranges.ts";

/**
 * @param classes the engine's, as text: in a literal they would be looked up while the library is parsed (classes.ts)
 * @param outside, inside code points that the reference has there whatever the engine says
 */
function category(classes: string, outside: string, inside: string): (codePoint: number) => boolean {
  let lists: readonly Int32Array[] | undefined;
  let engine: RegExp | undefined;
  return (codePoint) => {
    lists ??= [outside, inside].map(decodeRanges);
    engine ??= new RegExp(`[${classes}]`, "u");
    return inRanges(lists[1]!, codePoint) || (engine.test(String.fromCodePoint(codePoint)) && !inRanges(lists[0]!, codePoint));
  };
}

/** P* of Unicode 8: words of their own for BERT. */
export const isPunctuation = /* @__PURE__ */ category(
  "\\p{P}",
  "17h rk 3d e9 d 2x6-1 1a-2 3pg-c 3-b 1829 8v z 3p-4 19-3 uj-1 2-1 37-4 b-1 2 eb-c 25 aq 7d-2 4c 2l-7 2c-2 2-4 2m-9 60 2o-4 17-1 hy-1 23-c 4w 35e-1 c57-2 88-3 94 nbx nz-1",
  "4fh 1dng",
);

/** Mn of Unicode 8: what BERT's strip_accents removes. */
export const isNonspacingMark = /* @__PURE__ */ category(
  "\\p{Mn}",
  "1kt 4a-8 17-n 7x 70-5 2e 4v 1k 5g 1n-1 1x 8p k 1tt 3a-1 ft-u 3-b ln-5 rap 49 1m 5a jmv-3 1u-4 8u-1 26-5 1z-a 1e-3 6j 3-1 26 7b 6 33 3 6y 3k-5 e 2 2 f-1 2e-7 3-2 2 o r5-8 2-1 75-1 2 5 41-3 3-1 5 x-9 15-5 3-3 9 a-5 3-2 1b-c 2-1 5j 2-2 2 5m-6 2-5 2 2b-l 3-6 2-1 2-1 3f-5 4 2-1 2-6 2 21-1 4 2 9o-1 c-1 1h-4 6 2 o 44m 7-e 8uh-b 4-2 2sg 45 isc-19 3-m 3ay-6 2-g 3-6 2-1 2-4 2t 4h-6 ag 1q-3 e5-3 73-1 6s 3 8-1 6 gf-6",
  "4l0 1eju",
);

/** Cc, Cf and Co of Unicode 8: what BERT's clean_text removes (after tab, line feed and carriage return became spaces). */
export const isOther = /* @__PURE__ */ category("\\p{Cc}\\p{Cf}\\p{Co}", "1ow-1 29 1g4r 6zn-f", "");

/** M* of Unicode 9: what the StripAccents normaliser removes; the library takes it and BERT's from different tables. */
export const isMark = /* @__PURE__ */ category(
  "\\p{M}",
  "1kt 4a-8 17-9 8b 70-5 2e 4v 1k 53 d 1n-1 1x 8p k 1mv 6y j4-u 3-b ek 73-4 raq 5v js5-3 1u-4 8u-1 26-5 1z-a 1e-3 6j 3-1 26 3n-1 3n 5-1 36 6y 3h-8 2 3 2-3 2-4 2 f-1 3g r2-e 6u-5 2-1 3-3 2 2-1 3y-6 3-6 4 t-9 15-6 2-3 9 a-a 1b-f 5j-7 cq-5 4 2-1 2-6 2 1v-4 2-1 2-4 9o-3 a-1 2 1d-6 4-4 o 44m 7-e 8uh-h 2sg 1c-8 2l c-1 irz-19 3-m 3ex 4h-6 ag 1q-3 e5-3 73-1 6s 3 8-1 6",
  "5pu-1",
);

/** L* of Unicode 16, by which byte-level BPE cuts words: the version of the library's regular expressions. */
export const isLetter = /* @__PURE__ */ category(
  "\\p{L}",
  "1ov r1 3k ulu-1 3 2 t j7z-p 12k-2 2y1-17 fyd-o 3-o 7z-1 4qt-7 zu-l 2q-36 hji-u 2-2 2-1 2-6 3-4 a-1 154r-5 4mb-b gsj-3bd",
  "5mx-1 ri9-2 d-2 ijo-1f 1g7-r a-m 8t-2 or-1 8w-9 2 3 2-11 2 q 2 1kd-w ma 2-c 2-x 458 i-5 q-32y 5qe-t 2eb-18 68j 75f z 91s-5 7a-1p v7-r 6d-t 3 15c9 aev-h9 7ar-38f",
);

/** N* of Unicode 16. */
export const isNumber = /* @__PURE__ */ category("\\p{N}", "1kgw-9 g7f-2", "1h6o-9 1vr-j zx-9 nr-9 d07-9 2ev-9 iuv-9 153-j 3kt-9 6w-9");
