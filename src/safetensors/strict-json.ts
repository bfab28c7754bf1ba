/**
 * JSON of headers and indices, as strict as serde_json, which the official library uses. JSON.parse judges the syntax; a walk over the text, which
 * from then on is known to be JSON, keeps what JSON.parse drops: equal keys, and whether an integer was written as one.
 * Time and memory are linear in the text. Levels are counted first: JSON.parse would build a hundred million of them, until the process dies.
 */

import { broken } from "./rules.ts";

/** What stands in the text: a number only where it is written as a whole number, a bigint where a double would round it. Other literals are undefined. */
export type Json = string | number | bigint | null | undefined | readonly Json[] | JsonMembers;

/** An object's members in the order of the text; keys may be equal. */
export interface JsonMembers {
  readonly members: readonly (readonly [key: string, value: Json])[];
}

/** serde_json allows 128 levels and fails when it would enter the last. */
const deepest = 127;

export function invalidJson(sentence: string): Error {
  return broken("InvalidHeaderDeserialization", sentence);
}

/** @throws FormatError where brackets outside strings nest deeper than serde_json allows */
function checkLevels(text: string, what: string): void {
  let level = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 0x22) at = endOfString(text, at);
    else if (code === 0x5b || code === 0x7b) {
      if (++level > deepest) throw invalidJson(`${what} has more than ${deepest} levels of nesting.`);
    } else if (code === 0x5d || code === 0x7d) level--;
  }
}

/** Where the string that begins with the quote at `at` has its other quote, or beyond the text where it has none. */
function endOfString(text: string, at: number): number {
  let end = at + 1;
  for (; end < text.length && text.charCodeAt(end) !== 0x22; end++) if (text.charCodeAt(end) === 0x5c) end++;
  return end;
}

/** @param what the text is, for errors */
export function parseStrictly(text: string, what: string): Json {
  checkLevels(text, what);
  try {
    JSON.parse(text);
  } catch (error) {
    throw invalidJson(`${what} is not JSON: ${(error as Error).message}.`);
  }
  let at = 0;
  const peek = (): string => {
    while (text.charCodeAt(at) <= 32) at++;
    return text.charAt(at);
  };
  const list = <T>(element: () => T): T[] => {
    const elements: T[] = [];
    at++;
    while (!"]}".includes(peek())) {
      elements.push(element());
      if (peek() === ",") at++;
    }
    at++;
    return elements;
  };
  const string = (): string => {
    const from = at;
    at = endOfString(text, from) + 1;
    const value = JSON.parse(text.slice(from, at)) as string;
    if (/[\ud800-\udfff]/u.test(value)) throw invalidJson(`${what} has half a surrogate pair in a string.`);
    return value;
  };
  const value = (): Json => {
    switch (peek()) {
      case '"':
        return string();
      case "[":
        return list(value);
      case "{": {
        const member = (): [string, Json] => {
          const key = string();
          peek(); // the colon
          at++;
          return [key, value()];
        };
        return { members: list(member) };
      }
      default: {
        const from = at;
        while (/[-+.\w]/.test(text.charAt(at))) at++;
        return literal(text.slice(from, at), what);
      }
    }
  };
  return value();
}

function literal(text: string, what: string): Json {
  if (text === "null") return null;
  const value = Number(text);
  if (Math.abs(value) === Number.POSITIVE_INFINITY) throw invalidJson(`${what} has a number that a 64-bit float cannot hold.`);
  if (!/^\d{1,20}$/.test(text)) return undefined;
  if (Number.isSafeInteger(value)) return value;
  return BigInt(text) < 1n << 64n ? BigInt(text) : undefined;
}
