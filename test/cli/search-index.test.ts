/** The index of a folder against what happens to processes: killed, two at once, no space; and what a hit tells. */
import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { sentenceRanges } from "../../src/cli/search/find-passages.ts";
import { fixture } from "../shared.ts";
import { program, runCli } from "./run-cli.ts";

const encoder = fixture("pipelines/encoder");
const scratch = mkdtempSync(join(tmpdir(), "hummingbert-index-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

function folderOf(name: string, files: number, words: number): string {
  const folder = join(scratch, name);
  mkdirSync(folder);
  for (let i = 0; i < files; i++) {
    const text = Array.from({ length: words }, (_, w) => `word ${i} number ${w}${w % 9 === 8 ? ".\n" : ""}`).join(" ");
    writeFileSync(join(folder, `${String(i).padStart(3, "0")}.txt`), text);
  }
  return folder;
}

const search = (folder: string, ...args: string[]) => runCli(["search", ...args, "--in", folder, "--model", encoder, "--json"]);
const indexOf = (folder: string) => readdirSync(join(folder, ".hummingbert")).sort();

/** What must hold of an index that is whole: one manifest, its one vector file, and as many rows as passages. */
async function expectWhole(folder: string, files: number): Promise<void> {
  const { objects, code, stderr } = await search(folder);
  expect([code, stderr]).toEqual([0, ""]);
  expect(objects[0]).toMatchObject({ files });
  const names = indexOf(folder);
  expect(names).toEqual(["manifest.json", expect.stringMatching(/^vectors-/)]);
  const manifest = JSON.parse(readFileSync(join(folder, ".hummingbert", "manifest.json"), "utf8"));
  expect(manifest.vectors).toBe(names[1]);
  const bytes = readFileSync(join(folder, ".hummingbert", names[1]!));
  expect(bytes.length - 256).toBe((objects[0]!.passages as number) * manifest.dimension * 4);
}

test("kill -9 in the middle, then again: the index is whole, and what the killed run left is gone", async () => {
  const folder = folderOf("killed", 60, 400);
  const child = spawn(process.execPath, [await program(), "search", "--in", folder, "--model", encoder, "--json"]);
  const ended = new Promise((resolve) => child.on("close", (_code, signal) => resolve(signal)));
  const deadline = Date.now() + 10_000;
  const started = () => {
    try {
      return indexOf(folder).some((name) => name.startsWith("vectors-"));
    } catch {
      return false;
    }
  };
  while (!started() && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 2));
  child.kill("SIGKILL");
  expect(await ended).toBe("SIGKILL");
  expect(indexOf(folder)).toEqual([expect.stringMatching(/^vectors-/)]); // no manifest yet: it was the middle
  await expectWhole(folder, 60);
});

test("two processes at once leave one whole index, and both answer", async () => {
  const folder = folderOf("twice", 20, 100);
  const [one, two] = await Promise.all([search(folder, "word 3"), search(folder, "word 3")]);
  expect([one.code, two.code]).toEqual([0, 0]);
  expect(one.objects).toEqual(two.objects);
  expect(one.objects).toHaveLength(5);
  await search(folder, "--rebuild"); // whichever came second has ended by now
  await expectWhole(folder, 20);
});

test("nothing new, nothing written; a file with new times and the same content is not embedded again", async () => {
  const folder = folderOf("still", 3, 20);
  await search(folder);
  const before = indexOf(folder);
  utimesSync(join(folder, "001.txt"), new Date(), new Date(0));
  expect((await search(folder)).objects[0]).toMatchObject({ embedded: 0, kept: 3 });
  expect(indexOf(folder)).toEqual(before);
  rmSync(join(folder, "000.txt"));
  expect((await search(folder)).objects[0]).toMatchObject({ files: 2, embedded: 0, kept: 2 });
  await expectWhole(folder, 2);
});

test.skipIf(process.platform === "win32")("no space for the new vectors: an error, the old index stays, nothing is left over", async () => {
  const folder = folderOf("full", 3, 20);
  await search(folder);
  const before = indexOf(folder);
  writeFileSync(join(folder, "000.txt"), "changed");
  // no file may grow beyond one block of 512 bytes: to the program a disk that is full
  const command = `ulimit -f 1; exec "$0" "$1" search --in "$2" --model "$3" --json`;
  const { status, stderr } = spawnSync("bash", ["-c", command, process.execPath, await program(), folder, encoder], { encoding: "utf8" });
  expect(status).toBe(1);
  expect(stderr).toMatch(/hummingbert search: .*\((EFBIG|ENOSPC)\)\n$/);
  expect(indexOf(folder)).toEqual(before);
  await expectWhole(folder, 3);
});

test("an index folder that cannot be made, a damaged manifest, vectors that are gone: sentences", async () => {
  const folder = folderOf("damaged", 2, 10);
  const blocked = await search(folder, "x", "--index", join(folder, "000.txt", "index"));
  expect(blocked.code).toBe(1);
  expect(blocked.stderr).toMatch(/a part of the path is a file/);
  await search(folder);
  rmSync(join(folder, ".hummingbert", indexOf(folder)[1]!));
  expect((await search(folder, "x")).stderr).toMatch(/vectors that are gone; .*--rebuild/);
  writeFileSync(join(folder, ".hummingbert", "manifest.json"), "{");
  expect((await search(folder, "x")).stderr).toMatch(/not a search index .*--rebuild/);
  expect((await search(folder, "--rebuild")).code).toBe(0);
  await expectWhole(folder, 2);
});

test("a hit shows the sentence that is nearest, with that sentence's line", async () => {
  const folder = join(scratch, "lines");
  mkdirSync(folder);
  writeFileSync(join(folder, "a.txt"), "The river is cold.\n\nThe hummingbird sleeps.\r\nThe train is late. It rains.\n");
  const { objects } = await search(folder, "The hummingbird sleeps.", "--top-k", "1");
  expect(objects[0]).toMatchObject({ file: "a.txt", line: 3, snippet: "The hummingbird sleeps." });
  expect(objects[0]!.text).toContain("The river is cold.");
  const queries = await runCli(["search", "--in", folder, "--model", encoder, "--json", "--file", "-"], { input: "one\ntwo\n" });
  expect(queries.objects.map(({ query }) => query)).toEqual(["one", "two"]);
});

test("sentences of a passage", () => {
  const text = "  One is here. Two!\nThree\n\n";
  expect(sentenceRanges(text).map(({ start, end }) => text.slice(start, end))).toEqual(["One is here.", "Two!", "Three"]);
});
