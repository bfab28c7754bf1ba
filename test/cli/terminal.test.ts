/** What a person sees: widths, colours, and a progress line that is gone before anything else is written. */
import { Writable } from "node:stream";
import { describe, expect, test } from "vitest";
import { Output } from "../../src/cli/output.ts";
import { notice, ProgressLine } from "../../src/cli/progress.ts";
import { clipToWidth, displayWidth } from "../../src/cli/width.ts";

function terminal(columns: number, isTTY = true) {
  let written = "";
  const stream = new Writable({
    write(chunk, _encoding, done) {
      written += chunk;
      done();
    },
  });
  return { stream: Object.assign(stream, { isTTY, columns }), written: () => written };
}

describe("width", () => {
  test.each([
    ["plain", 5],
    ["東京", 4],
    ["한국어", 6],
    ["e\u0301a", 2],
    ["👩‍👩‍👧", 2],
    ["ｆｕｌｌ", 8],
  ])("%s takes %i columns", (text, columns) => {
    expect(displayWidth(text)).toBe(columns);
  });

  test.each([
    ["東京都庁", 8, "東京都庁"],
    ["東京都庁", 7, "東京都…"],
    ["東京都庁", 6, "東京…"],
    ["ab👩‍👩‍👧cd", 4, "ab…"],
    ["cafe\u0301s", 5, "cafe\u0301s"],
    ["cafe\u0301s!", 5, "cafe\u0301…"],
    ["plain text", 6, "plain…"],
  ])("%s in %i columns", (text, columns, clipped) => {
    expect(clipToWidth(text, columns)).toBe(clipped);
    expect(displayWidth(clipped)).toBeLessThanOrEqual(columns);
  });
});

describe("colours", () => {
  const paint = (isTTY: boolean, environment: Record<string, string>) =>
    new Output(terminal(80, isTTY).stream, false, environment).paint("green", "x") !== "x";

  test("only on a terminal, never with NO_COLOR, anywhere with FORCE_COLOR", () => {
    expect(paint(true, {})).toBe(true);
    expect(paint(false, {})).toBe(false);
    expect(paint(true, { NO_COLOR: "1" })).toBe(false);
    expect(paint(true, { NO_COLOR: "" })).toBe(true);
    expect(paint(true, { TERM: "dumb" })).toBe(false);
    expect(paint(false, { FORCE_COLOR: "1" })).toBe(true);
    expect(paint(true, { FORCE_COLOR: "0" })).toBe(false);
    expect(paint(false, { FORCE_COLOR: "1", NO_COLOR: "1" })).toBe(false);
  });

  test("a text cannot speak to the terminal", () => {
    expect(new Output(terminal(80).stream, false, {}).clip("a\u001b[31mb\nc\u0007")).toBe("a [31mb c ");
  });
});

test("vectors inside results are written as arrays, nested ones too", async () => {
  const { stream, written } = terminal(80, false);
  await new Output(stream, true, {}).object({ text: "x", embedding: Float32Array.of(1, 0.5), rows: [{ v: Int8Array.of(-1) }], none: null });
  expect(JSON.parse(written())).toEqual({ text: "x", embedding: [1, 0.5], rows: [{ v: [-1] }], none: null });
});

describe("progress", () => {
  test("fits the terminal, and is taken away by clear and by a notice", () => {
    const { stream, written } = terminal(30);
    const progress = new ProgressLine(false, stream);
    progress.show(10, 0.5);
    const shown = written();
    expect(shown).toContain("█");
    expect(displayWidth(shown.replace("\r\u001b[K", ""))).toBeLessThan(30);
    progress.clear();
    expect(written()).toBe(`${shown}\r\u001b[K`);
    progress.clear();
    expect(written()).toBe(`${shown}\r\u001b[K`);
    notice("line 3: bad", stream);
    expect(written().endsWith("\r\u001b[Kline 3: bad\n")).toBe(true);
  });

  test("nothing where standard error is no terminal, or with --quiet", () => {
    for (const [isTTY, quiet] of [
      [false, false],
      [true, true],
    ] as const) {
      const { stream, written } = terminal(80, isTTY);
      const progress = new ProgressLine(quiet, stream);
      progress.show(1, 0.1);
      progress.note("word");
      progress.clear();
      expect(written()).toBe("");
    }
  });
});
