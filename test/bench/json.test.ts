/** `npm run bench -- NAME --json`: one line of JSON for a program to read; with a file, the table and the file that --compare reads. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import type { BenchFile } from "../../bench/compare.ts";

function bench(...args: string[]) {
  const file = fileURLToPath(new URL("../../bench/main.ts", import.meta.url));
  const quick = ["--backend", "loops", "--tokens", "8", "--rounds", "1"];
  return spawnSync(process.execPath, ["--import", "tsx", file, "softmax", ...args, ...quick], { encoding: "utf8" });
}

test("--json alone prints the results as one line", () => {
  const { status, stdout, stderr } = bench("--json");
  expect(status, stderr).toBe(0);
  const { node, rows, peaks } = JSON.parse(stdout) as BenchFile;
  expect(stdout.trim().split("\n")).toHaveLength(1);
  expect(node).toBe(process.version);
  expect(peaks.f32).toBeGreaterThan(0);
  expect(rows.length).toBeGreaterThan(0);
  for (const { job, backend, median } of rows) {
    expect(job).toContain("softmax");
    expect(backend).toBe("loops");
    expect(median).toBeGreaterThan(0);
  }
});

test("--json FILE writes them beside the table, for --compare", () => {
  const folder = mkdtempSync(join(tmpdir(), "hummingbert-bench-"));
  const file = join(folder, "before.json");
  const { status, stdout, stderr } = bench("--json", file);
  expect(status, stderr).toBe(0);
  expect(stdout).toMatch(/softmax.* us /);
  expect((JSON.parse(readFileSync(file, "utf8")) as BenchFile).rows.length).toBeGreaterThan(0);
  rmSync(folder, { recursive: true });
});
