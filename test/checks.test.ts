/** What error sentences show of whatever a caller gave: never an error of its own, never long. */
import { expect, test } from "vitest";
import { check, show } from "../src/checks.ts";
import { ConfigError } from "../src/errors.ts";

const circle: { self?: unknown } = {};
circle.self = circle;

test.each<[shown: string, value: unknown]>([
  ["nothing", undefined],
  ["null", null],
  ["NaN", Number.NaN],
  ["12", 12n],
  ['"a\\nb"', "a\nb"],
  ['["a",1]', ["a", 1]],
  ["Symbol(x)", Symbol("x")],
  ["[object Float32Array]", new Float32Array(2)],
  ["[object Object]", circle],
  ["[object Object]", { deep: 1n }],
  ["{}", Object.create(null)],
  ["[object Object]", { toJSON: () => undefined }],
  [`"${"x".repeat(56)}...`, "x".repeat(100)],
])("%s", (shown, value) => {
  expect(show(value)).toBe(shown);
});

test("a check is one sentence", () => {
  expect(() => check(false, "topK", "a number", "many")).toThrow(new ConfigError('topK: expected a number, found "many"'));
});
