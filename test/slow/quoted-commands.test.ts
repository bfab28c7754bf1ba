/**
 * Every command that README and docs quote still works: each is run in a shell, as it stands or in the short form that test/docs/commands.ts names.
 * Models of the Hub are stand-ins on this machine. What a step of CI or another test runs is only looked up there.
 */
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { blocksOf, root } from "../docs/blocks.ts";
import { commandsOf, type Way, wayOf } from "../docs/commands.ts";
import { pages } from "../docs/pages.ts";
import { type StandInHub, startStandIns } from "../docs/stand-ins.ts";
import { sharedData } from "../shared.ts";

const LIMIT_MS = 300_000;
const scratch = mkdtempSync(join(tmpdir(), "hummingbert-quoted-"));
const steps = readFileSync(join(root, ".ci/run"), "utf8").split("\n");
let hub: StandInHub;

/** The end of what a command printed, and its exit code. */
function run(command: string): Promise<{ code: number | null; printed: string }> {
  const child = spawn("bash", ["-eo", "pipefail", "-c", command], {
    cwd: root,
    stdio: ["pipe", "pipe", "pipe"],
    env: { ...process.env, ...hub.environment, SCRATCH: scratch, npm_config_update_notifier: "false" },
  });
  child.stdin.end("A line of text.\n");
  let printed = "";
  const keep = (text: string) => {
    printed = (printed + text).slice(-4000);
  };
  child.stdout.setEncoding("utf8").on("data", keep);
  child.stderr.setEncoding("utf8").on("data", keep);
  return new Promise((resolve) => child.on("close", (code) => resolve({ code, printed })));
}

beforeAll(async () => {
  hub = await startStandIns();
  mkdirSync(join(scratch, "notes"));
  writeFileSync(join(scratch, "notes/bats.txt"), "Bats hang upside down in caves through the winter.\n");
  for (const name of ["lines.txt", "reviews.txt", "documents.txt"])
    writeFileSync(join(scratch, name), "A lovely film.\nLisbon has mild, rainy winters.\n");
  expect((await run("npm run build")).code).toBe(0); // npx hummingbert runs dist
}, LIMIT_MS);

afterAll(async () => {
  await hub.stop();
  rmSync(scratch, { recursive: true, force: true });
});

const infos = pages.flatMap(blocksOf).map(({ info }) => info);
const commands = [...new Set(pages.flatMap((page) => commandsOf(readFileSync(join(root, page), "utf8"))))];
const ways = commands.map((command): [command: string, way: Way | undefined] => [command, wayOf(command)]);

describe("quoted commands", () => {
  test("each is known: a new one needs a row in test/docs/commands.ts", () => {
    expect(ways.filter(([, way]) => way === undefined).map(([command]) => command)).toEqual([]);
    expect(commands.length).toBeGreaterThan(40);
  });

  test("what is a step of CI is one", () => {
    const missing = ways.flatMap(([, way]) => (way && "step" in way && !steps.includes(way.step) ? [way.step] : []));
    expect(missing).toEqual([]);
  });

  test("what test/real/docs.test.ts runs is a block there", () => {
    const missing = ways.flatMap(([, way]) => (way && "prints" in way && !infos.includes(`output:${way.prints}`) ? [way.prints] : []));
    expect(missing).toEqual([]);
  });

  const runs = new Map(ways.flatMap(([command, way]) => (way && "run" in way ? [[way.run, { command, ...way }] as const] : []))); // each once
  for (const { command, run: shell, needsData } of runs.values()) {
    const lacksData = needsData === true && sharedData("") === undefined;
    if (lacksData) console.warn(`SKIPPED: ${command} reads ../shared/data, which is not here`);
    test.skipIf(lacksData)(
      command === shell ? command : `${command}  as  ${shell}`,
      async () => {
        const { code, printed } = await run(shell);
        expect(code, printed).toBe(0);
      },
      LIMIT_MS,
    );
  }
});
