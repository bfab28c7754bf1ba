/** The command line on tiny models: what it prints, how it fails, and what survives. */
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import { openSafetensors } from "../../src/safetensors/index.ts";
import { fixture } from "../shared.ts";
import { runCli } from "./run-cli.ts";

const encoder = fixture("pipelines/encoder");
const nli = fixture("pipelines/bert-seqcls-nli");
const scratch = mkdtempSync(join(tmpdir(), "hummingbert-cli-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

describe("usage", () => {
  test("help lists every command, and a command's help has examples", async () => {
    const [general, one] = await Promise.all([runCli(["--help"]), runCli(["embed", "--help"])]);
    expect(general.code).toBe(0);
    for (const name of ["embed", "classify", "ner", "answer", "search", "inspect", "quantize"])
      expect(general.stdout).toContain(`  ${name}`);
    expect(one.code).toBe(0);
    expect(one.stdout).toContain("--truncate-dim N");
    expect(one.stdout).toContain("Examples");
  });

  test("--version is package.json's", async () => {
    const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as { version: string };
    const { code, stdout } = await runCli(["--version"]);
    expect([code, stdout]).toEqual([0, `${version}\n`]);
  });

  test("a mistyped command or option is exit 2 and suggests the near one", async () => {
    const [command, option, value] = await Promise.all([
      runCli(["clasify", "x"]),
      runCli(["embed", "x", "--jsn"]),
      runCli(["embed", "x", "--on-error", "later"]),
    ]);
    expect([command.code, option.code, value.code]).toEqual([2, 2, 2]);
    expect(command.stderr).toContain('did you mean "classify"');
    expect(option.stderr).toContain("did you mean --json");
    expect(value.stderr).toContain("skip or stop");
  });

  test("a model that is not there is exit 1 and one sentence", async () => {
    const { code, stderr } = await runCli(["embed", "x", "--model", "./no-such-folder"]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/no folder .*no-such-folder/);
    expect(stderr.trim().split("\n")).toHaveLength(1);
  });
});

describe("records", () => {
  test("embed writes one JSON object a line, in order, with the library's vectors", async () => {
    const lines = Array.from({ length: 600 }, (_, i) => `text number ${i} ${"word ".repeat(i % 17)}`);
    const { code, objects } = await runCli(["embed", "--model", encoder, "--json"], { input: lines.join("\n") });
    expect(code).toBe(0);
    expect(objects.map(({ text }) => text)).toEqual(lines);
    const alone = await runCli(["embed", lines[599]!, "--model", encoder, "--json"]);
    expect(alone.objects[0]!.embedding).toEqual(objects[599]!.embedding);
    expect((alone.objects[0]!.embedding as number[]).some((value) => value !== 0)).toBe(true);
  });

  test("bad lines stop the run by default and are named; with skip the others are done", async () => {
    const input = Buffer.concat([
      Buffer.from('one\n{"text": 5}\n{broken\n'),
      Buffer.from([0xff, 0xfe, 0x0a]),
      Buffer.from('{"text":"last"}\n'),
    ]);
    const stopped = await runCli(["embed", "--model", encoder, "--json"], { input });
    expect(stopped.code).toBe(1);
    expect(stopped.objects.map(({ text }) => text)).toEqual(["one"]);
    expect(stopped.stderr).toContain('line 2: expected an object with "text", a string; found text: 5');
    const skipped = await runCli(["embed", "--model", encoder, "--json", "--on-error", "skip"], { input });
    expect(skipped.code).toBe(0);
    expect(skipped.objects.map(({ text }) => text)).toEqual(["one", "last"]);
    for (const line of ["line 2", "line 3", "line 4", "3 bad lines"]) expect(skipped.stderr).toContain(line);
  });

  test("a line of 50 MB is a bad line, not a crash", async () => {
    const input = `first\n${"x".repeat(50 * 1024 * 1024)}\nlast\n`;
    const { code, objects, stderr } = await runCli(["embed", "--model", encoder, "--json", "--on-error", "skip"], { input });
    expect(code).toBe(0);
    expect(objects.map(({ text }) => text)).toEqual(["first", "last"]);
    expect(stderr).toMatch(/line 2: .*longer than/);
  });

  test("a reader that goes away is a quiet end", async () => {
    const input = Array.from({ length: 5000 }, (_, i) => `line ${i}`).join("\n");
    const { code, stderr } = await runCli(["embed", "--model", encoder, "--json"], { input, head: 2 });
    expect(stderr).toBe("");
    expect(code).toBe(0);
  });

  test("Ctrl-C ends with 130", async () => {
    const input = Array.from({ length: 20_000 }, (_, i) => `line ${i}`).join("\n");
    const { code } = await runCli(["embed", "--model", encoder, "--json"], { input, interrupt: "SIGINT" });
    expect(code).toBe(130);
  });

  test("answer and rerank take objects", async () => {
    const qa = fileURLToPath(new URL("../../weights/minilm-l6-qa", import.meta.url));
    const answered = await runCli(["answer", "--model", qa, "--json"], {
      input: '{"question":"who?","context":"The bridge was built by Telford."}\n',
    });
    expect(answered.code).toBe(0);
    const { answer, start, end } = answered.objects[0] as { answer: string; start: number; end: number };
    expect("The bridge was built by Telford.".slice(start, end)).toBe(answer);
    const missing = await runCli(["answer", "--model", qa, "--json"], { input: '{"question":"who?"}\n' });
    expect(missing.code).toBe(1);
    expect(missing.stderr).toContain('line 1: expected an object with "context", a string; found one with question');
  });

  test("classify and zero-shot print the API's field names", async () => {
    const [classified, zero] = await Promise.all([
      runCli(["classify", "some text", "--model", nli, "--json", "--top-k", "all"]),
      runCli(["zero-shot", "some text", "-l", "a,b", "--model", nli, "--json"]),
    ]);
    expect((classified.objects[0]!.labels as { label: string }[]).map(({ label }) => label).sort()).toEqual([
      "contradiction",
      "entailment",
      "neutral",
    ]);
    expect(Object.keys(zero.objects[0]!).sort()).toEqual(["labels", "scores", "sequence"]);
  });

  test("the second text of a pair is read under either name, and must be one", async () => {
    const lines = ['{"text":"a"}', '{"text":"a","text_pair":null}', '{"text":"a","textPair":"b"}', '{"text":"a","text_pair":"b"}'];
    const read = await runCli(["classify", "--model", nli, "--json"], { input: lines.join("\n") });
    const [alone, none, pair, python] = read.objects.map(({ score }) => score);
    expect(none).toBe(alone);
    expect(python).toBe(pair);
    expect(pair).not.toBe(alone);
    const wrong = await runCli(["classify", "--model", nli, "--json"], { input: '{"text":"a","textPair":5}' });
    expect(wrong.code).toBe(1);
    expect(wrong.stderr).toContain('line 1: expected an object with "textPair", a string; found textPair: 5');
  });

  test("a template without a place for the label is exit 2, whatever bad lines do", async () => {
    const given = ["-l", "a", "--model", nli, "--on-error", "skip", "--template"];
    const [without, withPlace] = await Promise.all([
      runCli(["zero-shot", "x", ...given, "It is so."]),
      runCli(["zero-shot", "x", ...given, "It is {0}."]),
    ]);
    expect([without.code, withPlace.code]).toEqual([2, 0]);
    expect(without.stderr).toContain('--template takes a text with {} where the label should go, got "It is so."');
  });

  test("a prompt's name that the model does not have is the run's failure, no line's", async () => {
    const { code, stdout, stderr } = await runCli(["embed", "x", "--model", encoder, "--prompt-name", "query", "--on-error", "skip"]);
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr).toMatch(/^hummingbert embed: promptName: expected a prompt of the model/);
  });
});

describe("inspect and quantize", () => {
  test("inspect reads the header alone and counts the same parameters as the file has", async () => {
    const { code, objects } = await runCli(["inspect", encoder, "--json"]);
    expect(code).toBe(0);
    const report = objects[0]! as { parameters: number; architecture: string; pass: { flops: number } };
    expect(report.architecture).toBe("BertModel");
    const bytes = new Uint8Array(readFileSync(join(encoder, "model.safetensors")));
    const file = await openSafetensors({ size: bytes.length, read: async (start, end) => bytes.subarray(start, end) });
    const expected = [...file.tensors.values()]
      .filter(({ dtype }) => dtype === "F32")
      .reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);
    expect(report.parameters).toBe(expected);
    expect(report.pass.flops).toBeGreaterThan(0);
  });

  test("inspect --trace runs a text and gives every operation its time; a number is that many tokens", async () => {
    const { code, objects } = await runCli(["inspect", encoder, "--trace", "A bird sings.", "--json"]);
    expect(code).toBe(0);
    const { pass } = objects[0] as {
      pass: { tokens: number; pieces: string[]; flops: number; ops: { flops: number; bytes: number; ms: number }[] };
    };
    expect(pass.pieces[0]).toBe("[CLS]");
    expect(pass.tokens).toBe(pass.pieces.length);
    expect(pass.ops.reduce((sum, { flops }) => sum + flops, 0)).toBe(pass.flops);
    for (const { bytes, ms } of pass.ops) expect(bytes > 0 && ms >= 0).toBe(true);

    const counted = await runCli(["inspect", encoder, "--trace", "7", "--dry-run", "--json"]);
    const dry = counted.objects[0] as { pass: { tokens: number; ops: { ms?: number }[] } };
    expect(dry.pass.tokens).toBe(7);
    expect(dry.pass.ops.every(({ ms }) => ms === undefined)).toBe(true);

    const table = await runCli(["inspect", encoder, "--trace", "A bird sings."]);
    expect(table.stdout).toMatch(/^op +out +K +FLOP +bytes +share +ms +time +GFLOP\/s$/m);
    expect(table.stdout).toMatch(/^text +\[CLS\] .*\[SEP\]$/m);
    for (const wrong of [["--trace", ""], ["--trace", "0"], ["--trace", "7", "--tokens", "8"], ["--dry-run"], ["--trace"]])
      expect((await runCli(["inspect", encoder, ...wrong])).code).toBe(2);
  });

  test("quantize takes along every module that modules.json names", async () => {
    const [source, folder] = [join(scratch, "modules"), join(scratch, "modules-w8")];
    cpSync(encoder, source, { recursive: true });
    const modules = [
      { type: "sentence_transformers.models.Transformer", path: "" },
      { type: "sentence_transformers.models.Pooling", path: "5_Pooling" },
    ];
    writeFileSync(join(source, "modules.json"), JSON.stringify(modules));
    mkdirSync(join(source, "5_Pooling"));
    writeFileSync(join(source, "5_Pooling/config.json"), JSON.stringify({ pooling_mode: "max" }));
    expect((await runCli(["quantize", source, folder])).code).toBe(0);
    expect(readFileSync(join(folder, "5_Pooling/config.json"), "utf8")).toContain("max");
    expect((await runCli(["embed", "hello", "--model", folder, "--json"])).code).toBe(0);
  });

  test("quantize writes a folder that loads as w8, and never over another", async () => {
    const folder = join(scratch, "w8");
    expect((await runCli(["quantize", encoder, folder])).code).toBe(0);
    const { objects } = await runCli(["inspect", folder, "--json"]);
    expect(objects[0]!.dtype).toBe("w8");
    const again = await runCli(["quantize", encoder, folder]);
    expect(again.code).toBe(1);
    expect(again.stderr).toContain("is not empty");
  });
});

describe("search", () => {
  test("the index is incremental, survives damage in the middle, and refuses another model", async () => {
    const folder = join(scratch, "notes");
    mkdirSync(folder);
    writeFileSync(join(folder, "a.txt"), "The hummingbird sleeps.\n\nThe river is cold.\n");
    writeFileSync(join(folder, "b.txt"), "Parliament met on Monday.\n");
    writeFileSync(join(folder, "c.bin"), new Uint8Array([1, 0, 2]));
    const search = (...args: string[]) => runCli(["search", ...args, "--in", folder, "--model", encoder, "--json"]);
    const first = await search();
    expect(first.objects[0]).toMatchObject({ files: 2, embedded: 2, kept: 0 });
    expect(first.stderr).toContain("c.bin: a binary file");
    writeFileSync(join(folder, "b.txt"), "Parliament met on Tuesday.\n");
    const index = join(folder, ".hummingbert");
    writeFileSync(join(index, "vectors-interrupted.safetensors"), "half a file"); // what kill -9 leaves
    const second = await search();
    expect(second.objects[0]).toMatchObject({ files: 2, embedded: 1, kept: 1 });
    expect(readdirSync(index).sort()).toHaveLength(2);
    const hits = await search("The hummingbird sleeps. The river is cold.", "--top-k", "1");
    expect(hits.objects[0]).toMatchObject({ file: "a.txt", line: 1 });
    const other = await runCli(["search", "x", "--in", folder, "--model", join(scratch, "w8"), "--json"]);
    expect(other.code).toBe(1);
    expect(other.stderr).toContain("--rebuild");
    expect(existsSync(join(index, "manifest.json"))).toBe(true);
  });
});
