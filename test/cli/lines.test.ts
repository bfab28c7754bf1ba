/** Bytes to records, whatever pieces they come in; folders and "-" as input. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { linesOf } from "../../src/cli/lines.ts";
import { runCli } from "./run-cli.ts";

async function records(pieces: readonly (string | number[])[]) {
  const stream = Readable.from(pieces.map((piece) => Buffer.from(piece as string)));
  const found = [];
  for await (const { where, text, error, bytesRead } of linesOf(stream, (line) => `line ${line}`, 0))
    found.push({ where, text, error, bytesRead });
  return found;
}
const texts = async (pieces: readonly (string | number[])[]) => (await records(pieces)).map(({ text }) => text);

describe("lines", () => {
  test("LF, CRLF, empty lines, and a last line without its newline", async () => {
    expect(await texts(["one\r\n\ntwo\n\r\nlast"])).toEqual(["one", "", "two", "", "last"]);
    expect(await texts(["one\n"])).toEqual(["one"]);
    expect(await texts([])).toEqual([]);
  });

  test("a character cut between pieces is whole, and bytes are counted", async () => {
    const bytes = [...Buffer.from("déjà vu\nnaïve\n")];
    const found = await records(bytes.map((byte) => [byte]));
    expect(found.map(({ text }) => text)).toEqual(["déjà vu", "naïve"]);
    expect(found.at(-1)!.bytesRead).toBe(bytes.length);
  });

  test("a byte order mark counts at the start only", async () => {
    expect(await texts(["\ufeffone\n\ufefftwo\n"])).toEqual(["one", "\ufefftwo"]);
    expect((await records(['\ufeff{"text":"x"}\n']))[0]).toMatchObject({ text: "x", error: undefined });
  });

  test("UTF-16, invalid UTF-8, NUL bytes and broken JSON are told by line", async () => {
    const found = await records([[0xff, 0xfe, 0x61, 0, 10], "ok\n", [0xc3, 0x28, 10], "a\0b\n", '{"text":\n']);
    expect(found.map(({ where, error }) => `${where}: ${error ?? "-"}`)).toEqual([
      expect.stringMatching(/^line 1: .*UTF-16/),
      "line 2: -",
      expect.stringMatching(/^line 3: .*not valid UTF-8/),
      expect.stringMatching(/^line 4: .*NUL byte/),
      expect.stringMatching(/^line 5: .*not JSON/),
    ]);
  });
});

describe("where texts come from", () => {
  const folder = mkdtempSync(join(tmpdir(), "hummingbert-input-"));
  beforeAll(() => {
    mkdirSync(join(folder, "deep"));
    writeFileSync(join(folder, "b.txt"), "b one\nb two");
    writeFileSync(join(folder, "a.txt"), "a one\n");
    writeFileSync(join(folder, "deep", "c.md"), "c one\n");
    writeFileSync(join(folder, "image.bin"), new Uint8Array([1, 0, 2]));
    writeFileSync(join(folder, ".hidden"), "no\n");
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const tokenized = async (args: string[], input = "") => runCli(["tokenize", "--json", ...args], { input });

  test("a folder is its text files in order, the last line of each whole; what is binary is told", async () => {
    const { code, objects, stderr } = await tokenized(["--file", folder]);
    expect(code).toBe(0);
    expect(objects.map(({ text }) => text)).toEqual(["a one", "b one", "b two", "c one"]);
    expect(stderr).toMatch(/image\.bin: a binary file; left out/);
  });

  test("- is standard input, alone or among files", async () => {
    const [argument, among] = await Promise.all([
      tokenized(["-"], "x\n"),
      tokenized(["-f", join(folder, "a.txt"), "-f", "-", "-f", join(folder, "a.txt")], "x\n"),
    ]);
    expect(argument.objects.map(({ text }) => text)).toEqual(["x"]);
    expect(among.objects.map(({ text }) => text)).toEqual(["a one", "x", "a one"]);
  });

  test("a bad line of a file is told with the file's name and its own number", async () => {
    writeFileSync(join(folder, "a.txt"), "a one\n{bad\n");
    const { code, stderr, objects } = await tokenized(["--file", join(folder, "a.txt")]);
    expect([code, objects.length]).toEqual([1, 1]);
    expect(stderr).toContain("a.txt:2:");
  });

  test("a file that is not there is told before a model is loaded", async () => {
    const { code, stderr } = await tokenized(["--file", join(folder, "none.txt"), "--model", "./no-model"]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/no such file: .*none\.txt/);
  });
});

test("a context that is no text is told before a model is loaded", async () => {
  const folder = mkdtempSync(join(tmpdir(), "hummingbert-context-"));
  const file = join(folder, "context");
  try {
    for (const [bytes, problem] of [
      [[0xc3, 0x28], "the file is not valid UTF-8"],
      [[0x61, 0, 0x62], "the file has a NUL byte; is this a binary file?"],
      [[0xff, 0xfe, 0x61, 0], "the text is UTF-16; convert it to UTF-8 first"],
    ] as const) {
      writeFileSync(file, Uint8Array.from(bytes));
      const { code, stdout, stderr } = await runCli(["answer", "Who?", "--context", file, "--model", "./no-such-model"]);
      expect({ code, stdout, stderr }).toEqual({ code: 1, stdout: "", stderr: `hummingbert answer: --context ${file}: ${problem}\n` });
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
