/**
 * `hummingbert embed` on a pipe beside the library's own encode, on the sentences of STS-B (test): is anything lost on the way?
 *
 *   npx tsx bench/cli.ts [--rounds 3] [--cli path/of/dist/cli.js]
 *
 * Both are processes of their own that start, load the default model and give the same vectors; the library's prints nothing. They take turns.
 * Wall and CPU time are of the whole process, start included; the better round of each counts. The issue asks for a ratio of at least 0.9.
 */
import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { bundleForNode } from "../scripts/bundle.ts";
import { endWithOutput } from "../src/cli/output-end.ts";

endWithOutput("bench/cli");

const { values } = parseArgs({ options: { rounds: { type: "string" }, cli: { type: "string" } } });
const rounds = Number(values.rounds ?? 3);
const root = fileURLToPath(new URL("..", import.meta.url));
const csv = join(root, "../shared/data/stsb/stsb-en-test.csv");
if (!existsSync(csv)) throw new Error(`bench/cli: expected the sentences of STS-B in ${csv}`);

/** Fields of a CSV line; quotes are doubled inside quoted ones. */
function fieldsOf(line: string): string[] {
  return [...line.matchAll(/("(?:[^"]|"")*"|[^,]*)(?:,|$)/g)].map(([, field]) => field!.replace(/^"|"$/g, "").replaceAll('""', '"'));
}

const sentences = readFileSync(csv, "utf8")
  .split(/\r?\n/)
  .filter(Boolean)
  .flatMap((line) => fieldsOf(line).slice(0, 2));

/** Both programs as bundles of the sources, so that neither waits for a compiler; where weights/ is found. */
const folder = mkdtempSync(join(root, "node_modules/.bench-cli-"));
const lines = join(mkdtempSync(join(tmpdir(), "hummingbert-bench-")), "sentences.txt");
writeFileSync(lines, `${sentences.join("\n")}\n`);
await bundleForNode(root, { cli: "src/cli/main.ts", library: "src/index.ts" }, folder);
const program = join(folder, "encode.mjs");
writeFileSync(
  program,
  `import { readFileSync } from "node:fs";
import { enableExperimentalSimd, SentenceEncoder } from "./library.mjs";
enableExperimentalSimd();
const encoder = await SentenceEncoder.load();
const vectors = await encoder.encode(readFileSync(${JSON.stringify(lines)}, "utf8").trimEnd().split("\\n"));
if (vectors.length !== ${sentences.length}) throw new Error("vectors are missing");
encoder.dispose();
`,
);

interface Times {
  readonly wall: number;
  readonly cpu: number;
}

/** Runs a process to its end; its CPU time is what the shell's \`times\` says of its children. */
function timed(command: string): Promise<Times> {
  const start = performance.now();
  const child = spawn("bash", ["-c", `${command}; times`], { stdio: ["ignore", "pipe", "inherit"] });
  let printed = "";
  child.stdout.on("data", (text) => {
    printed = (printed + text).slice(-200);
  });
  return new Promise((resolve, reject) => {
    child.on("close", (code) => {
      const children = printed.trim().split("\n").at(-1)!;
      const cpu = [...children.matchAll(/(\d+)m([\d.]+)s/g)].reduce((sum, [, m, s]) => sum + 60 * Number(m) + Number(s), 0);
      if (code === 0) resolve({ wall: (performance.now() - start) / 1000, cpu });
      else reject(new Error(`exit code ${code}: ${command}`));
    });
  });
}

const node = JSON.stringify(process.execPath);
const commands = {
  library: `${node} ${program}`,
  "embed on a pipe": `cat ${lines} | ${node} ${values.cli ?? join(folder, "cli.mjs")} embed --json > /dev/null`,
};
const best = new Map<string, Times>();
try {
  execFileSync("bash", ["-c", `cat ${lines} > /dev/null`]);
  for (let round = 0; round < rounds; round++) {
    for (const [name, command] of Object.entries(commands)) {
      const { wall, cpu } = await timed(command);
      const known = best.get(name) ?? { wall, cpu };
      best.set(name, { wall: Math.min(wall, known.wall), cpu: Math.min(cpu, known.cpu) });
    }
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
console.log(`${process.version}; ${sentences.length} sentences of STS-B, best of ${rounds}`);
for (const [name, { wall, cpu }] of best) {
  console.log(
    `${name.padEnd(18)} ${wall.toFixed(2).padStart(7)} s ${cpu.toFixed(2).padStart(7)} s CPU ${(sentences.length / wall).toFixed(0).padStart(6)} sentences/s`,
  );
}
const [library, embed] = [best.get("library")!, best.get("embed on a pipe")!];
console.log(`ratio of throughput  ${(library.wall / embed.wall).toFixed(3)} (wall), ${(library.cpu / embed.cpu).toFixed(3)} (CPU)`);
