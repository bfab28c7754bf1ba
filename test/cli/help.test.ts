/** The words of --help come from the commands' rows of data: every row is complete, and every option it parses is explained. */
import { describe, expect, test } from "vitest";
import { COMMON_HELP, COMMON_OPTIONS } from "../../src/cli/command.ts";
import { COMMANDS } from "../../src/cli/commands/index.ts";
import { commandHelp } from "../../src/cli/help.ts";
import { suggest } from "../../src/cli/suggest.ts";

const explained = (help: readonly (readonly [string, string])[]) => help.map(([option]) => /--([a-z-]+)/.exec(option)?.[1]).sort();

describe.each(COMMANDS.map((command) => [command.name, command] as const))("%s", (name, command) => {
  test("explains each of its options and shows examples of itself", () => {
    expect(explained(command.optionHelp)).toEqual(Object.keys(command.options).sort());
    expect(command.examples.length).toBeGreaterThan(0);
    for (const example of command.examples) expect(example).toContain(`hummingbert ${name}`);
    const text = commandHelp(command);
    expect(text).toContain(`Usage: hummingbert ${name}`);
    for (const example of command.examples) expect(text).toContain(example);
  });

  test("its options do not hide the common ones", () => {
    for (const option of Object.keys(command.options)) expect(COMMON_OPTIONS).not.toHaveProperty(option);
  });
});

test("the common options are explained, but for --help itself", () => {
  expect(explained(COMMON_HELP)).toEqual(
    Object.keys(COMMON_OPTIONS)
      .filter((name) => name !== "help")
      .sort(),
  );
});

test("the issue's commands are there", () => {
  const names = COMMANDS.map(({ name }) => name);
  const asked =
    "embed classify ner answer fill-mask zero-shot rerank similarity search tokenize inspect quantize pull bench help completion";
  expect([...names].sort()).toEqual(asked.split(" ").sort());
});

test.each([
  ["clasify", "classify"],
  ["serach", "search"],
  ["tokenise", "tokenize"],
  ["zeroshot", "zero-shot"],
  ["emebd", "embed"],
  ["xyzzy", undefined],
])("%s suggests %s", (typed, meant) => {
  expect(
    suggest(
      typed,
      COMMANDS.map(({ name }) => name),
    ),
  ).toBe(meant);
});
