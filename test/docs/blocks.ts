/**
 * The code of the documentation: fenced blocks of a Markdown file, and how they are run and checked.
 *
 *   ```ts              runs; where a line ends in "// => TEXT", what it prints is compared with TEXT
 *   ```ts gpu          the same in test/gpu, where WebGPU is
 *   ```sh              test/slow/quoted-commands.test.ts sees that every line works
 *   ```text output:F   must be what the script F prints
 *
 * Numbers are compared with a tolerance, because the last digit of a float may differ between feature levels of a machine.
 */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { formatWithOptions } from "node:util";
import { vi } from "vitest";

export const root = fileURLToPath(new URL("../../", import.meta.url));
const workshop = join(root, "test/docs/.blocks");

export interface Block {
  /** Of the Markdown file, from the root. */
  readonly file: string;
  readonly line: number;
  readonly language: string;
  /** What follows the language after the fence. */
  readonly info: string;
  readonly code: string;
}

export function blocksOf(file: string): Block[] {
  const lines = readFileSync(join(root, file), "utf8").split("\n");
  const blocks: Block[] = [];
  for (let i = 0; i < lines.length; i++) {
    const fence = /^```(\w+) ?(.*)$/.exec(lines[i]!);
    if (!fence) continue;
    const end = lines.indexOf("```", i + 1);
    if (end < 0) throw new Error(`${file}:${i + 1}: the block that opens here does not close`);
    blocks.push({ file, line: i + 1, language: fence[1]!, info: fence[2]!.trim(), code: lines.slice(i + 1, end).join("\n") });
    i = end;
  }
  return blocks;
}

/** Empties the folder in which blocks become files. */
export function clearBlocks(): void {
  rmSync(workshop, { recursive: true, force: true });
  mkdirSync(workshop, { recursive: true });
}

/** The block as a file of the repository, with imports of the package and of src resolved; its path. */
export function writeBlock({ file, line, code }: Block): string {
  const source = "../../../src/";
  const entries: Readonly<Record<string, string>> = {
    hummingbert: "index.ts",
    "hummingbert/slim": "slim.ts",
    "hummingbert/webgpu": "kernels/webgpu/index.ts",
    "hummingbert/gpujs": "kernels/gpujs/index.ts",
  };
  const resolved = code
    .replace(/from "(hummingbert[^"]*)"/g, (_, name: string) => {
      const entry = entries[name];
      if (entry === undefined) throw new Error(`${file}:${line}: "${name}" is not an entry of the package that this test knows`);
      return `from "${source}${entry}"`;
    })
    .replace(/from "\.\.\/src\//g, `from "${source}`);
  const path = join(workshop, `${file.replace(/\W/g, "-")}-${line}.ts`);
  writeFileSync(path, `${resolved}\nexport {};\n`);
  return path;
}

/** Runs a TypeScript file of the repository and gives the lines that it printed. */
export async function linesPrintedBy(path: string): Promise<string[]> {
  if (!existsSync(path)) throw new Error(`${path} does not exist`);
  const printed: string[] = [];
  const log = vi.spyOn(console, "log").mockImplementation((...values: unknown[]) => {
    printed.push(...formatWithOptions({ breakLength: Number.POSITIVE_INFINITY, compact: true, depth: 6 }, ...values).split("\n"));
  });
  try {
    await import(pathToFileURL(path).href);
  } finally {
    log.mockRestore();
  }
  return printed;
}

/** What a block says it prints: the texts after "// =>". */
export function promisedBy({ code }: Block): string[] {
  return [...code.matchAll(/\/\/ => (.*)$/gm)].map(([, text]) => text!);
}

const NUMBER = /-?\d+(?:\.\d+)?(?:e[+-]?\d+)?/g;

/** Undefined where two lines agree: the same words, whole numbers to 1 in 100,000, fractions to one and a half of their last printed digit. */
export function disagreement(found: string, expected: string): string | undefined {
  const words = (text: string) => text.replace(NUMBER, "#").replace(/\s+/g, " ").trim();
  const [a, b] = [found.match(NUMBER) ?? [], expected.match(NUMBER) ?? []];
  const isNear = (digits: string, i: number) => Math.abs(Number(a[i]) - Number(digits)) <= toleranceOf(digits);
  if (words(found) === words(expected) && a.length === b.length && b.every(isNear)) return undefined;
  return `found    ${found}\nexpected ${expected}`;
}

function toleranceOf(digits: string): number {
  const [, fraction, exponent = "0"] = /^-?\d+(?:\.(\d+))?(?:e([+-]?\d+))?$/.exec(digits)!;
  return fraction === undefined ? Math.abs(Number(digits)) * 1e-5 : 1.5 * 10 ** (Number(exponent) - fraction.length);
}
