/**
 * Classes of the engine's own Unicode, as text for `new RegExp`: in a literal they are looked up while the file is parsed, which would cost every start 2 ms.
 */

/** Regular expressions' \w: letters, marks, decimal digits, connector punctuation, joiners. */
export const WORD = "\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}\\p{Join_Control}";
export const SPACE = "\\p{White_Space}";
export const NUMERIC = "\\p{N}";
