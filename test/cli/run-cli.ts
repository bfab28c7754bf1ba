/**
 * Runs the command line as a user does: a process of its own, with arguments and standard input.
 * The sources are bundled once for a test file: a start takes a tenth of a second then, through tsx most of one.
 */
import { spawn } from "node:child_process";
import { rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { bundleForNode } from "../../scripts/bundle.ts";

export const root = fileURLToPath(new URL("../..", import.meta.url));
/** As deep as src/cli, so that weights/ is found. */
const bundle = `${root}node_modules/.cli-test-${process.pid}-${process.env.VITEST_POOL_ID ?? 0}`;

let built: Promise<string> | undefined;

/** The program, built by the first call. */
export function program(): Promise<string> {
  built ??= bundleForNode(root, { main: "src/cli/main.ts" }, bundle).then(() => {
    process.once("exit", () => rmSync(bundle, { recursive: true, force: true }));
    return `${bundle}/main.mjs`;
  });
  return built;
}

export interface CliResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** stdout as JSON lines. */
  readonly objects: readonly Record<string, unknown>[];
}

export interface CliOptions {
  readonly input?: string | Uint8Array;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Stop reading after this many lines, as `| head` does. */
  readonly head?: number;
  /** Signal to send once the first output has come. */
  readonly interrupt?: NodeJS.Signals;
}

export async function runCli(args: readonly string[], options: CliOptions = {}): Promise<CliResult> {
  const child = spawn(process.execPath, [await program(), ...args], {
    cwd: options.cwd ?? root,
    env: { ...process.env, HUMMINGBERT_SIMD: "standard", ...options.env },
  });
  child.stdin.on("error", () => {}); // the command may end before it has read everything
  child.stdin.end(options.input ?? "");
  let stdout = "";
  let stderr = "";
  child.stderr.setEncoding("utf8").on("data", (text) => {
    stderr += text;
  });
  child.stdout.setEncoding("utf8").on("data", (text) => {
    stdout += text;
    if (options.interrupt && !child.killed) child.kill(options.interrupt); // once: a second one ends the command at once, by the signal
    if (options.head !== undefined && stdout.split("\n").length > options.head) child.stdout.destroy();
  });
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, stdout, stderr, objects: parseLines(stdout) }));
  });
}

function parseLines(text: string): Record<string, unknown>[] {
  return text
    .split("\n")
    .filter((line) => line.startsWith("{") && line.endsWith("}"))
    .map((line) => JSON.parse(line));
}
