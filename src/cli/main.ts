#!/usr/bin/env node
/**
 * The command line: finds the command, parses its options, runs it, and turns its end into an exit code.
 * 0 done; 1 failure; 2 usage; 130 after Ctrl-C. A reader that is gone (`| head`) is a normal end.
 */
import { parseArgs } from "node:util";
import { enableExperimentalSimd } from "../kernels/wasm/features.ts";
import { COMMON_OPTIONS, type Command, UsageError } from "./command.ts";
import { COMMANDS } from "./commands/index.ts";
import { commandHelp, generalHelp } from "./help.ts";
import { Output } from "./output.ts";
import { suggest } from "./suggest.ts";

export async function main(argv: readonly string[]): Promise<number> {
  const [name, ...rest] = argv;
  if (name === undefined || name === "--help" || name === "-h") {
    process.stdout.write(generalHelp(COMMANDS));
    return name === undefined ? 2 : 0;
  }
  const command = COMMANDS.find((candidate) => candidate.name === name);
  if (!command) {
    const near = suggest(
      name,
      COMMANDS.map((candidate) => candidate.name),
    );
    return usageFailure(`there is no command "${name}"${near ? `; did you mean "${near}"?` : ""}`, undefined);
  }
  const abort = new AbortController();
  const interrupt = () => abort.abort(new Interrupted());
  process.once("SIGINT", interrupt);
  try {
    const { values, positionals } = parse(command, rest);
    if (values.help) {
      process.stdout.write(commandHelp(command));
      return 0;
    }
    if (process.env.HUMMINGBERT_SIMD !== "standard") enableExperimentalSimd();
    const output = new Output(process.stdout, values.json === true);
    await command.run({ texts: positionals, values, output, signal: abort.signal });
    return 0;
  } catch (error) {
    if (abort.signal.aborted) return 130;
    if (isBrokenPipe(error)) return 0;
    if (error instanceof UsageError) return usageFailure(error.message, command);
    process.stderr.write(`hummingbert ${command.name}: ${error instanceof Error ? error.message : error}\n`);
    if (process.env.HUMMINGBERT_DEBUG && error instanceof Error) process.stderr.write(`${error.stack}\n`);
    return 1;
  } finally {
    process.off("SIGINT", interrupt);
  }
}

class Interrupted extends Error {}

function parse(command: Command, args: readonly string[]) {
  const options = { ...COMMON_OPTIONS, ...command.options };
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true, strict: true });
  } catch (error) {
    const unknown = /Unknown option '(-+[^']+)'/.exec((error as Error).message)?.[1];
    if (!unknown) throw new UsageError((error as Error).message);
    const near = suggest(unknown.replace(/^-+/, ""), Object.keys(options));
    throw new UsageError(`unknown option ${unknown}${near ? `; did you mean --${near}?` : ""}`);
  }
}

function usageFailure(message: string, command: Command | undefined): number {
  const help = command ? `hummingbert ${command.name} --help` : "hummingbert --help";
  process.stderr.write(`hummingbert: ${message}\nSee: ${help}\n`);
  return 2;
}

function isBrokenPipe(error: unknown): boolean {
  return (error as NodeJS.ErrnoException | undefined)?.code === "EPIPE";
}

process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  process.exit(0);
});

main(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code;
  },
  (error) => {
    process.stderr.write(`hummingbert: ${error instanceof Error ? error.stack : error}\n`);
    process.exitCode = 1;
  },
);
