#!/usr/bin/env node
/**
 * The command line: finds the command, parses its options, runs it, and turns its end into an exit code.
 * 0 done; 1 failure; 2 usage; 130 after Ctrl-C. A reader that is gone (`| head`) is a normal end; an output that cannot be written is a failure.
 */
import { parseArgs } from "node:util";
import { COMMON_OPTIONS, type Command, checkCommonOptions, UsageError } from "./command.ts";
import { COMMANDS } from "./commands/index.ts";
import { explain } from "./explain.ts";
import { commandHelp, generalHelp } from "./help.ts";
import { Output } from "./output.ts";
import { endWithOutput } from "./output-end.ts";
import { notice } from "./progress.ts";
import { suggest } from "./suggest.ts";
import { packageVersion } from "./version.ts";

/** What is not done this long after Ctrl-C is given up. */
const GRACE_MS = 2000;

export async function main(argv: readonly string[]): Promise<number> {
  const [name, ...rest] = argv;
  if (name === undefined || name === "--help" || name === "-h") {
    process.stdout.write(generalHelp(COMMANDS));
    return name === undefined ? 2 : 0;
  }
  if (name === "--version" || name === "-V") {
    process.stdout.write(`${packageVersion()}\n`);
    return 0;
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
  const interrupt = () => {
    abort.abort(new Interrupted("interrupted"));
    setTimeout(() => process.exit(130), GRACE_MS).unref();
  };
  process.once("SIGINT", interrupt); // once: a second Ctrl-C ends the process at once
  try {
    const { values, positionals } = parse(command, rest);
    if (values.help) {
      process.stdout.write(commandHelp(command));
      return 0;
    }
    checkCommonOptions(values);
    const output = new Output(process.stdout, values.json === true);
    await command.run({ texts: positionals, values, output, signal: abort.signal });
    return 0;
  } catch (error) {
    if (abort.signal.aborted) return 130;
    if (isBrokenPipe(error)) return 0;
    if (error instanceof UsageError) return usageFailure(error.message, command);
    notice(`hummingbert ${command.name}: ${explain(error)}`);
    if (process.env.HUMMINGBERT_DEBUG && error instanceof Error) notice(error.stack ?? "");
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
  notice(`hummingbert: ${message}\nSee: ${help}`);
  return 2;
}

function isBrokenPipe(error: unknown): boolean {
  return (error as NodeJS.ErrnoException | undefined)?.code === "EPIPE";
}

endWithOutput("hummingbert");

main(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code;
  },
  (error) => {
    notice(`hummingbert: ${error instanceof Error ? error.stack : error}`);
    process.exitCode = 1;
  },
);
