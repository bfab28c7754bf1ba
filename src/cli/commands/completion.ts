/** `hummingbert completion`: a completion script for bash, zsh or fish, made from the commands' own rows of data. */
import { COMMON_OPTIONS, type Command, UsageError } from "../command.ts";

export function completion(commands: () => readonly Command[]): Command {
  return {
    name: "completion",
    summary: "a completion script for bash, zsh or fish",
    usage: "bash|zsh|fish",
    details: "Print the script and have the shell read it.",
    options: {},
    optionHelp: [],
    examples: ["source <(hummingbert completion bash)", "hummingbert completion fish > ~/.config/fish/completions/hummingbert.fish"],
    async run({ texts, output }) {
      const make = SCRIPTS[texts[0] ?? ""];
      if (!make) throw new UsageError(`completion needs the name of a shell: ${Object.keys(SCRIPTS).join(", ")}`);
      await output.line(make(commands()));
    },
  };
}

const SCRIPTS: Readonly<Record<string, (commands: readonly Command[]) => string>> = {
  bash,
  zsh: (commands) => `autoload -U +X bashcompinit && bashcompinit\n${bash(commands)}`,
  fish,
};

function optionsOf(command: Command): string[] {
  return Object.keys({ ...COMMON_OPTIONS, ...command.options }).map((name) => `--${name}`);
}

function bash(commands: readonly Command[]): string {
  const cases = commands.map((command) => `    ${command.name}) words="${optionsOf(command).join(" ")}" ;;`);
  return `_hummingbert() {
  local current="\${COMP_WORDS[COMP_CWORD]}" words
  case "\${COMP_WORDS[1]}" in
${cases.join("\n")}
    *) words="${commands.map(({ name }) => name).join(" ")}" ;;
  esac
  if [[ $COMP_CWORD -eq 1 ]]; then words="${commands.map(({ name }) => name).join(" ")}"; fi
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _hummingbert hummingbert`;
}

function fish(commands: readonly Command[]): string {
  return commands
    .flatMap((command) => [
      `complete -c hummingbert -n __fish_use_subcommand -a ${command.name} -d "${command.summary}"`,
      ...optionsOf(command).map(
        (option) => `complete -c hummingbert -n "__fish_seen_subcommand_from ${command.name}" -l ${option.slice(2)}`,
      ),
    ])
    .join("\n");
}
