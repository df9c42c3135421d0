import type { Command, Option } from 'commander';

/** Shells for which a script can be written. */
export const completionShells = ['bash', 'zsh', 'fish'] as const;
export type CompletionShell = (typeof completionShells)[number];

/** One command as completion sees it. */
export interface CommandWords {
  readonly name: string;
  readonly description: string;
  readonly flags: readonly { readonly name: string; readonly description: string; readonly takesValue: boolean }[];
  /** Whether its first argument names a server. */
  readonly takesServer: boolean;
}

/** Values of flags that have a fixed set. */
const valuesOf: Readonly<Record<string, string>> = {
  '--variant': 'auto cpu gpu cuda native',
  '--gpu-mode': 'auto cdi runtime gpus none',
  '--gpus': 'all',
  '--pull': 'missing always never',
  '--restart': 'no on-failure always unless-stopped',
  '--network': 'bridge host none',
};
const fileFlags = ['--mount', '--volume', '-v', '--env-file', '--device'];

/** Reads the program's commands and flags; nested ones (`network create`) go by their first word. */
export function readCommands(program: Command): readonly CommandWords[] {
  return program.commands.map((command) => ({
    name: command.name(),
    description: command.description(),
    flags: command.options.flatMap(flagsOf),
    takesServer: command.registeredArguments.some((argument) =>
      /^(name|names|container|server)s?$/.test(argument.name()),
    ),
  }));
}

function flagsOf({ long, short, description, required, optional }: Option): CommandWords['flags'] {
  return [long, short]
    .filter((name) => typeof name === 'string')
    .map((name) => ({ name, description, takesValue: required || optional }));
}

/** The script for one shell. Names of servers are asked of `launch ps --quiet --all` while typing. */
export function completionScript(shell: CompletionShell, commands: readonly CommandWords[]): string {
  return { bash: bashScript, zsh: zshScript, fish: fishScript }[shell](commands);
}

function bashScript(commands: readonly CommandWords[]): string {
  return `# launch completion for bash: add  source <(launch completion bash)  to ~/.bashrc
_launch() {
  local word=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]} command=up flags servers=
  case \${COMP_WORDS[1]:-} in ${commands.map(({ name }) => name).join('|')}) command=\${COMP_WORDS[1]} ;; esac
  case $previous in
${Object.entries(valuesOf)
  .map(([flag, values]) => `    ${flag}) COMPREPLY=($(compgen -W '${values}' -- "$word")); return ;;`)
  .join('\n')}
    ${fileFlags.join('|')}) COMPREPLY=($(compgen -f -- "$word")); return ;;
  esac
  case $command in
${commands.map(({ name, flags, takesServer }) => `    ${name}) flags='${flags.map((flag) => flag.name).join(' ')}'${takesServer ? ' servers=yes' : ''} ;;`).join('\n')}
  esac
  if [[ $word == -* ]]; then COMPREPLY=($(compgen -W "$flags" -- "$word"))
  elif ((COMP_CWORD == 1)); then COMPREPLY=($(compgen -W '${commands.map(({ name }) => name).join(' ')}' -- "$word"))
  elif [[ -n $servers ]]; then COMPREPLY=($(compgen -W "$(launch ps --quiet --all 2>/dev/null)" -- "$word"))
  fi
}
complete -o default -F _launch launch`;
}

function zshScript(commands: readonly CommandWords[]): string {
  const quoted = (text: string): string => text.replaceAll("'", "'\\''").replaceAll(':', '\\:');
  const described = (name: string, text: string): string => `'${quoted(name)}:${quoted(text)}'`;
  return `#compdef launch
# launch completion for zsh: launch completion zsh > "\${fpath[1]}/_launch"
_launch() {
  local -a commands flags servers
  local command=up
  commands=(${commands.map(({ name, description }) => described(name, description)).join(' ')})
  case $words[2] in ${commands.map(({ name }) => name).join('|')}) command=$words[2] ;; esac
  case $words[CURRENT-1] in
${Object.entries(valuesOf)
  .map(([flag, values]) => `    ${flag}) compadd -- ${values}; return ;;`)
  .join('\n')}
    ${fileFlags.join('|')}) _files; return ;;
  esac
  case $command in
${commands.map(({ name, flags, takesServer }) => `    ${name}) flags=(${flags.map((flag) => described(flag.name, flag.description)).join(' ')})${takesServer ? ' servers=(${(f)"$(launch ps --quiet --all 2>/dev/null)"})' : ''} ;;`).join('\n')}
  esac
  if [[ $words[CURRENT] == -* ]]; then _describe flag flags
  elif ((CURRENT == 2)); then _describe command commands
  elif (($#servers)); then compadd -- $servers
  else _files
  fi
}
compdef _launch launch`;
}

function fishScript(commands: readonly CommandWords[]): string {
  const quote = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
  const names = commands.map(({ name }) => name).join(' ');
  const lines = commands.flatMap(({ name, description, flags, takesServer }) => {
    const seen =
      name === 'up'
        ? `"not __fish_seen_subcommand_from ${names}; or __fish_seen_subcommand_from up"`
        : `"__fish_seen_subcommand_from ${name}"`;
    return [
      `complete -c launch -f -n "not __fish_seen_subcommand_from ${names}" -a ${name} -d ${quote(description)}`,
      ...flags.map((flag) => flagLine(flag, seen, quote)),
      ...(takesServer ? [`complete -c launch -f -n ${seen} -a "(launch ps --quiet --all 2>/dev/null)"`] : []),
    ];
  });
  return [
    '# launch completion for fish: launch completion fish > ~/.config/fish/completions/launch.fish',
    ...lines,
  ].join('\n');
}

function flagLine(
  { name, description, takesValue }: CommandWords['flags'][number],
  seen: string,
  quote: (text: string) => string,
): string {
  const form = name.startsWith('--') ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`;
  const values = valuesOf[name];
  const value = values === undefined ? (takesValue ? ' -r' : '') : ` -x -a ${quote(values)}`;
  return `complete -c launch -n ${seen} ${form}${value} -d ${quote(description)}`;
}
