/** Shell commands that the documentation quotes: does what they name exist? */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { COMMON_OPTIONS } from "../../src/cli/command.ts";
import { COMMANDS } from "../../src/cli/commands/index.ts";
import { root } from "./blocks.ts";

/** Commands in the `sh` blocks of a page and in backticks of its text. */
export function commandsOf(markdown: string): string[] {
  const blocks = [...markdown.matchAll(/^```sh.*\n([\s\S]*?)^```/gm)].flatMap(([, code]) => code!.split("\n"));
  const quoted = [...markdown.replace(/^```[\s\S]*?^```/gm, "").matchAll(/`((?:npm|npx) [^`]+)`/g)].map(([, command]) => command!);
  return [...blocks, ...quoted]
    .flatMap((line) => line.replace(/\s(#|>).*$/, "").split(/ (?:&&|\|) /))
    .map((command) => command.trim())
    .filter((command) => /^np[mx] /.test(command));
}

/** A sentence where the command cannot work, else undefined. */
export function problemOf(command: string): string | undefined {
  const [program, ...rest] = wordsOf(command);
  if (program === "npm") return npmProblem(rest);
  if (rest[0] === "tsx" || rest[0] === "vitest") {
    const path = rest.find((word) => word.includes("/"));
    return path !== undefined && !existsSync(join(root, path)) ? `${path} does not exist` : undefined;
  }
  if (rest[0] === "hummingbert") return hummingbertProblem(rest.slice(1));
  return `npx ${rest[0]} is not a command that this test knows`;
}

/** The words after `npx hummingbert` of a command that needs neither the network, nor files of a reader's own, nor much time; else undefined. */
export function localWordsOf(command: string): string[] | undefined {
  const words = wordsOf(command);
  if (
    words[0] !== "npx" ||
    words[1] !== "hummingbert" ||
    /[A-Z]{3}|--(model|file|in) |\bpull\b|\bbench\b|sentence-transformers\//.test(command)
  )
    return undefined;
  return words.slice(2);
}

function wordsOf(command: string): string[] {
  return (command.match(/"[^"]*"|\S+/g) ?? []).map((word) => word.replace(/^"|"$/g, ""));
}

function npmProblem(words: readonly string[]): string | undefined {
  const prefix = words[0] === "--prefix" ? words[1]! : ".";
  const [verb, script] = words[0] === "--prefix" ? words.slice(2) : words;
  const name = verb === "run" ? script! : verb!;
  if (name === "install") return undefined;
  const { scripts } = JSON.parse(readFileSync(join(root, prefix, "package.json"), "utf8")) as { scripts: Record<string, string> };
  return scripts[name] === undefined ? `${prefix}/package.json has no script "${name}"` : undefined;
}

function hummingbertProblem([name, ...rest]: readonly string[]): string | undefined {
  if (name === "--help") return undefined;
  const command = COMMANDS.find((candidate) => candidate.name === name);
  if (!command) return `hummingbert has no command "${name}"`;
  const options: Readonly<Record<string, { short?: string | undefined }>> = { ...COMMON_OPTIONS, ...command.options };
  for (const word of rest.slice(0, rest.includes("--") ? rest.indexOf("--") : undefined)) {
    if (word.startsWith("--") && !Object.hasOwn(options, word.slice(2).split("=")[0]!)) return `hummingbert ${name} has no option ${word}`;
    if (/^-\w$/.test(word) && !Object.values(options).some(({ short }) => short === word[1]))
      return `hummingbert ${name} has no option ${word}`;
  }
  return undefined;
}
