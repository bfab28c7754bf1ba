/**
 * JSON of headers and indices, as strict as serde_json, which the official library uses. JSON.parse judges the syntax; a walk over the text, which
 * from then on is known to be JSON, keeps what JSON.parse drops: equal keys, and whether an integer was written as one.
 * Time and memory are linear in the text, and the walk's recursion is at most 127 deep.
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

/** @param what the text is, for errors */
export function parseStrictly(text: string, what: string): Json {
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
  const list = <T>(depth: number, element: () => T): T[] => {
    if (depth > deepest) throw invalidJson(`${what} has more than ${deepest} levels of nesting.`);
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
    for (let code = 0; code !== 0x22; code = text.charCodeAt(++at)) if (code === 0x5c) at++;
    const value = JSON.parse(text.slice(from, ++at)) as string;
    if (/[\ud800-\udfff]/u.test(value)) throw invalidJson(`${what} has half a surrogate pair in a string.`);
    return value;
  };
  const value = (depth: number): Json => {
    switch (peek()) {
      case '"':
        return string();
      case "[":
        return list(depth, () => value(depth + 1));
      case "{": {
        const member = (): [string, Json] => {
          const key = string();
          peek(); // the colon
          at++;
          return [key, value(depth + 1)];
        };
        return { members: list(depth, member) };
      }
      default: {
        const from = at;
        while (/[-+.\w]/.test(text.charAt(at))) at++;
        return literal(text.slice(from, at), what);
      }
    }
  };
  return value(1);
}

function literal(text: string, what: string): Json {
  if (text === "null") return null;
  const value = Number(text);
  if (Math.abs(value) === Number.POSITIVE_INFINITY) throw invalidJson(`${what} has a number that a 64-bit float cannot hold.`);
  if (!/^\d{1,20}$/.test(text)) return undefined;
  if (Number.isSafeInteger(value)) return value;
  return BigInt(text) < 1n << 64n ? BigInt(text) : undefined;
}
