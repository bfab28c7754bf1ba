/** `npm run bench -- NAME --json`: one line of JSON for a program to read; with a file, the table and the file that --compare reads. */
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import type { BenchFile } from "../../bench/compare.ts";

const command = ["--import", "tsx", fileURLToPath(new URL("../../bench/main.ts", import.meta.url)), "softmax"];
const quick = ["--backend", "loops", "--tokens", "8", "--rounds", "1"];

function bench(...args: string[]) {
  return spawnSync(process.execPath, [...command, ...args, ...quick], { encoding: "utf8" });
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

test("a reader that is gone, as in `npm run bench | head`, is a normal end", async () => {
  const child = spawn(process.execPath, [...command, ...quick]);
  child.stdout.destroy();
  let stderr = "";
  child.stderr.setEncoding("utf8").on("data", (text) => {
    stderr += text;
  });
  const code = await new Promise((resolve) => child.on("close", resolve));
  expect(stderr).toBe("");
  expect(code).toBe(0);
});
