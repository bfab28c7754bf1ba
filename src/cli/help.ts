/** The words of --help, from the commands' own rows of data. */
import { COMMON_HELP, type Command } from "./command.ts";

export function generalHelp(commands: readonly Command[]): string {
  const rows = commands.map(({ name, summary }) => `  ${name.padEnd(12)} ${summary}`);
  return `hummingbert: language models of the BERT family, on this machine

Usage: hummingbert COMMAND [TEXT...] [options]

${rows.join("\n")}

Texts come from arguments, --file, or standard input (a text or a JSON object a line).
hummingbert COMMAND --help tells more, with examples.
`;
}

export function commandHelp(command: Command): string {
  const options = [...command.optionHelp, ...COMMON_HELP].map(([option, meaning]) => `  ${option.padEnd(26)} ${meaning}`);
  return `${command.summary}

Usage: hummingbert ${command.name} ${command.usage}

${command.details}

Options
${options.join("\n")}

Examples
${command.examples.map((example) => `  ${example}`).join("\n")}
`;
}
