import type { Command } from 'commander';

/** The program's help on one screen of 24 lines: what to type first, then the commands by what they are for. */
export function helpText(program: Command): string {
  const known = new Set(program.commands.flatMap((command) => [command.name(), ...command.aliases()]));
  const groups: readonly (readonly [string, readonly string[]])[] = [
    ['start', ['up', 'run', 'plan', 'doctor', 'start', 'restart']],
    ['look', ['ps', 'logs', 'stats', 'inspect', 'port', 'events']],
    ['act', ['exec', 'shell', 'stop', 'kill', 'rm', 'prune', 'scale', 'rollback']],
    ['images', ['images', 'build', 'tag', 'pull', 'push', 'history', 'rmi', 'export']],
    ['more', ['models', 'network', 'completion', 'version', 'help']],
  ];
  const grouped = new Set(groups.flatMap(([, names]) => names));
  const rest = [...known].filter((name) => !grouped.has(name));
  const lines = groups.map(([title, names]) => {
    const shown = [...names.filter((name) => known.has(name)), ...(title === 'more' ? rest : [])];
    return `  ${title.padEnd(8)}${shown.join('  ')}`;
  });
  return `${program.description()}

  launch                                   inspect the machine and start what fits it
  launch --mount .:/srv                    the same with ./models of this folder
  launch -d --variant gpu -p 9000:8000     on a GPU or not at all, in the background
  launch --dry-run                         say what would start, and why
  launch doctor                            find out what is wrong

Commands (up unless one is named; launch <command> --help shows its flags):
${lines.join('\n')}

Without a container: slipway model.onnx. A prediction: slipway predict FILE.

Everywhere:
  --context <name>, -H <url>   another engine        --json   the result as JSON

Exit codes: 0 done, 2 invalid command line, 3 no usable GPU, 4 no engine, 5 no image,
6 not ready, 7 port taken, 125 refused by the engine; in the foreground the server's own.`;
}
