/** `npm run bench -- --compare A B`: differences beyond the noise, what else changed between the runs, and files that are something else. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { compare } from "../../bench/compare.ts";

const folder = mkdtempSync(join(tmpdir(), "hummingbert-compare-"));
afterAll(() => rmSync(folder, { recursive: true }));

let files = 0;
function file(content: unknown): string {
  const path = join(folder, `${files++}.json`);
  writeFileSync(path, typeof content === "string" ? content : JSON.stringify(content));
  return path;
}
const row = (job: string, median: number, spread: number) => ({ job, shape: "minilm", backend: "wasm", median, spread, gflops: 1, gbs: 1 });
const run = (rows: unknown, more: object = {}) => file({ machine: "A", node: "v24.0.0", kernels: "wasm-simd", date: "", rows, ...more });

test("a difference counts beyond three times the spreads of both", () => {
  const before = run([row("a", 100e-6, 2e-6), row("b", 100e-6, 2e-6), row("c", 100e-6, 2e-6)]);
  const after = run([row("a", 111e-6, 2e-6), row("b", 113e-6, 2e-6), row("c", 50e-6, 2e-6)]);
  const lines = compare(before, after);
  expect(lines.map((line) => /within the noise|faster|slower/.exec(line)?.[0])).toEqual(["within the noise", "slower", "faster"]);
});

test("another machine, Node or feature level is said first, and what only one file has last", () => {
  const after = run([row("a", 1e-6, 0), row("new", 1e-6, 0)], { machine: "B", node: "v26.0.0" });
  const lines = compare(run([row("a", 1e-6, 0), row("old", 1e-6, 0)]), after);
  expect(lines.slice(0, 2)).toEqual(["NOTE: machine differs: A, then B", "NOTE: node differs: v24.0.0, then v26.0.0"]);
  expect(lines).toHaveLength(5);
  expect(lines[3]).toMatch(/minilm old .*only in .*\.json$/);
  expect(lines[4]).toMatch(/minilm new .*only in .*\.json$/);
});

test.each([
  ["no JSON", "not json", /cannot be read/],
  ["null", null, /no rows/],
  ["a list", [], /no rows/],
  ["rows that are none", { rows: [{ job: "a" }] }, /no rows/],
  ["a median that is no number", { rows: [{ ...row("a", 1, 0), median: null }] }, /no rows/],
  ["other operations", { rows: [row("z", 1e-6, 0)] }, /no operation in common/],
])("refuses %s", (_, content, message) => {
  expect(() => compare(run([row("a", 1e-6, 0)]), file(content))).toThrow(message);
});
