/** The documentation keeps its word: code runs, quoted output is what comes out, quoted commands and linked files exist. */
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { runCli } from "../cli/run-cli.ts";
import { type Block, blocksOf, clearBlocks, disagreement, linesPrintedBy, promisedBy, root, writeBlock } from "../docs/blocks.ts";
import { commandsOf, localWordsOf, problemOf } from "../docs/commands.ts";

const pages = [
  "README.md",
  "weights/README.md",
  ...(readdirSync(join(root, "docs"), { recursive: true }) as string[])
    .filter((name) => name.endsWith(".md") && !/node_modules|^api\//.test(name))
    .map((name) => `docs/${name}`),
];
const blocks = pages.flatMap(blocksOf);
const code = blocks.filter(({ language }) => language === "ts");
const title = ({ file, line }: Block) => `${file}:${line}`;

function expectLines(found: readonly string[], expected: readonly string[]): void {
  const differences = expected
    .map((line, i) => disagreement(found[i] ?? "(nothing)", line))
    .filter((difference) => difference !== undefined);
  expect(differences).toEqual([]);
  expect(found.length).toBe(expected.length);
}

describe("documentation", () => {
  beforeAll(clearBlocks);

  it("has code", () => expect(code.length).toBeGreaterThan(20));

  it("code passes the type checker", () => {
    clearBlocks();
    for (const block of code) writeBlock(block);
    const folder = join(root, "test/docs/.blocks");
    writeFileSync(
      join(folder, "tsconfig.json"),
      JSON.stringify({ extends: "../../../tsconfig.json", include: ["*.ts", "../../../docs/examples/*.ts"], exclude: [] }),
    );
    try {
      execFileSync(process.execPath, [join(root, "node_modules/typescript/bin/tsc"), "--noEmit", "-p", folder], { encoding: "utf8" });
    } catch (error) {
      expect((error as { stdout: string }).stdout).toBe("");
    }
  });

  it.each(code.filter(({ info }) => !info.includes("no-run")).map((block) => [title(block), block] as const))(
    "%s runs",
    async (_, block) => {
      const promised = promisedBy(block);
      const printed = await linesPrintedBy(writeBlock(block));
      if (promised.length > 0) expectLines(printed, promised);
    },
  );

  it.each(blocks.flatMap((block) => (block.info.startsWith("output:") ? [[title(block), block] as const] : [])))(
    "%s is what its script prints",
    async (_, block) => {
      const printed = await linesPrintedBy(join(root, block.info.slice("output:".length)));
      expectLines(printed, block.code.split("\n"));
    },
  );

  it.each(pages)("%s quotes commands that exist", (page) => {
    const problems = commandsOf(readFileSync(join(root, page), "utf8")).flatMap((command) => {
      const problem = problemOf(command);
      return problem === undefined ? [] : [`${command}: ${problem}`];
    });
    expect(problems).toEqual([]);
  });

  const commands = new Set(pages.flatMap((page) => commandsOf(readFileSync(join(root, page), "utf8"))));
  it.each(
    [...commands].flatMap((command) => {
      const words = localWordsOf(command);
      return words === undefined ? [] : [[command, words] as const];
    }),
  )("%s", async (_, words) => {
    const { code, stdout, stderr } = await runCli(words, { input: "A line of text.\n" });
    expect(stderr).toBe("");
    expect(code).toBe(0);
    expect(stdout.length).toBeGreaterThan(0);
  });

  it.each(pages)("%s links to files that exist", (page) => {
    const markdown = readFileSync(join(root, page), "utf8").replace(/^```[\s\S]*?^```/gm, "");
    const targets = [...markdown.matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)].map(([, target]) => target!);
    const missing = targets.filter((target) => !/^[a-z]+:/.test(target) && !existsSync(join(root, dirname(page), target)));
    expect(missing).toEqual([]);
  });
});
