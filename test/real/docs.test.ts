/**
 * The documentation keeps its word: code runs, quoted output is what comes out, linked files exist. Models that it names are stand-ins (test/docs/stand-ins.ts).
 * Blocks for a GPU run in test/gpu, the one for edge functions in test/runtimes, quoted commands in test/slow.
 */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { runCli } from "../cli/run-cli.ts";
import { type Block, blocksOf, clearBlocks, disagreement, linesPrintedBy, promisedBy, root, writeBlock } from "../docs/blocks.ts";
import { pages } from "../docs/pages.ts";
import { type StandInHub, startStandIns } from "../docs/stand-ins.ts";

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

/** Addresses of the documentation that nobody answers; the rest of the path is a file of the default model. */
const EXAMPLE = "https://example.org/models/all-MiniLM-L6-v2/";

describe("documentation", () => {
  let hub: StandInHub;
  beforeAll(async () => {
    clearBlocks();
    hub = await startStandIns();
    for (const [name, value] of Object.entries(hub.environment)) vi.stubEnv(name, value);
    const { fetch } = globalThis;
    vi.stubGlobal("fetch", (url: string | URL | Request, init?: RequestInit) =>
      fetch(String(url).startsWith(EXAMPLE) ? hub.urlOf(String(url).slice(EXAMPLE.length)) : url, init),
    );
  });
  afterAll(async () => {
    vi.unstubAllEnvs();
    vi.unstubAllGlobals();
    await hub.stop();
  });

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

  it.each(code.filter(({ info }) => info !== "gpu").map((block) => [title(block), block] as const))("%s runs", async (_, block) => {
    const promised = promisedBy(block);
    const printed = await linesPrintedBy(writeBlock(block));
    if (promised.length > 0) expectLines(printed, promised);
  });

  it.each(blocks.flatMap((block) => (block.info.startsWith("output:") ? [[title(block), block] as const] : [])))(
    "%s is what its script prints",
    async (_, block) => {
      const printed = await linesPrintedBy(join(root, block.info.slice("output:".length)));
      expectLines(printed, block.code.split("\n"));
    },
  );

  it("docs/models.md has the figures of the embedded models that inspect prints", async () => {
    const rows = [...readFileSync(join(root, "docs/models.md"), "utf8").matchAll(/^\| (weights\/\S+) \|(.*)\|$/gm)];
    expect(rows.length).toBe(4);
    for (const [, folder, figures] of rows) {
      const { stdout } = await runCli(["inspect", join(root, folder!)]);
      const missing = figures!.split("|").filter((figure) => !stdout.includes(` ${figure.trim()}`));
      expect(missing, folder).toEqual([]);
    }
  });

  it.each(pages)("%s links to files that exist", (page) => {
    const markdown = readFileSync(join(root, page), "utf8").replace(/^```[\s\S]*?^```/gm, "");
    const targets = [...markdown.matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)].map(([, target]) => target!);
    const missing = targets.filter((target) => !/^[a-z]+:/.test(target) && !existsSync(join(root, dirname(page), target)));
    expect(missing).toEqual([]);
  });
});
