/** `hummingbert help [COMMAND]`. */
import { type Command, UsageError } from "../command.ts";
import { commandHelp, generalHelp } from "../help.ts";
import { suggest } from "../suggest.ts";

export function help(commands: () => readonly Command[]): Command {
  return {
    name: "help",
    summary: "this list, or a command's help",
    usage: "[COMMAND]",
    details: "The same as --help after a command.",
    options: {},
    optionHelp: [],
    examples: ["hummingbert help embed"],
    async run({ texts, output }) {
      const name = texts[0];
      if (name === undefined) return output.line(generalHelp(commands()).trimEnd());
      const command = commands().find((candidate) => candidate.name === name);
      if (!command) {
        const near = suggest(
          name,
          commands().map((candidate) => candidate.name),
        );
        throw new UsageError(`there is no command "${name}"${near ? `; did you mean "${near}"?` : ""}`);
      }
      await output.line(commandHelp(command).trimEnd());
    },
  };
}
