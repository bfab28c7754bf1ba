/**
 * How many columns of a terminal a text takes: two for wide East Asian characters and emoji, none for combining marks.
 * An approximation of Unicode Standard Annex 11 by scripts, counted by grapheme, so that nothing a person sees as one character is cut.
 */

const WIDE =
  /^[\p{Script=Han}\p{Script=Hangul}\p{Script=Hiragana}\p{Script=Katakana}\p{Emoji_Presentation}\u3000-\u303e\uff01-\uff60\uffe0-\uffe6]|\ufe0f/u;
const INVISIBLE = /^[\p{M}\p{Cf}]+$/u;
const PLAIN = /^[\x20-\x7e]*$/;

const graphemes = new Intl.Segmenter(undefined, { granularity: "grapheme" });

export function displayWidth(text: string): number {
  if (PLAIN.test(text)) return text.length;
  let width = 0;
  for (const { segment } of graphemes.segment(text)) width += graphemeWidth(segment);
  return width;
}

/** `text`, or its beginning and "…" where it takes more than `columns`. */
export function clipToWidth(text: string, columns: number): string {
  if (PLAIN.test(text)) return text.length <= columns ? text : `${text.slice(0, columns - 1)}…`;
  let width = 0;
  let fits = 0; // UTF-16 length of what leaves a column for the "…"
  for (const { segment, index } of graphemes.segment(text)) {
    width += graphemeWidth(segment);
    if (width > columns) return `${text.slice(0, fits)}…`;
    if (width < columns) fits = index + segment.length;
  }
  return text;
}

function graphemeWidth(grapheme: string): number {
  if (INVISIBLE.test(grapheme)) return 0;
  return WIDE.test(grapheme) ? 2 : 1;
}
