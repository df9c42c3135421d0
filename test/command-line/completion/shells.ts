import { execFile, execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { temporaryFolder } from '../../support/folder.js';

export const shells = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof shells)[number];

/** Why a shell's tests are skipped, or false. */
export function missing(shell: Shell): string | false {
  return spawnSync(shell, ['--version']).error === undefined ? false : `needs the program ${shell}`;
}

/** Splits as readline does before it calls a completion function: = and : stand alone. */
const bash = `
source "$1"; COMP_LINE=$2; COMP_POINT=\${#2}; COMP_WORDS=(); rest=$2
while [[ $rest =~ ^[[:space:]]*([=:]+|[^=:[:space:]]+) ]]; do COMP_WORDS+=("\${BASH_REMATCH[1]}"); rest=\${rest#"\${BASH_REMATCH[0]}"}; done
[[ $2 != *' ' ]] || COMP_WORDS+=('')
COMP_CWORD=$((\${#COMP_WORDS[@]} - 1))
$(complete -p "\${COMP_WORDS[0]}" | sed -E 's/.*-F ([^ ]+).*/\\1/') 2>/dev/null
((\${#COMPREPLY[@]} == 0)) || printf '%s\\n' "\${COMPREPLY[@]}"`;

/** An interactive zsh on a terminal of its own, the tabulator key pressed after the line; what it would add is printed on the way. */
const zsh = `
zmodload zsh/zpty
zpty z zsh -f -i
zpty -w z "PROMPT=; autoload -Uz compinit; compinit -D -u; source $1"
zpty -w z 'compadd () { if [[ " $* " == *" -[OAD] "* ]]; then builtin compadd "$@"; return; fi; typeset -a hits; builtin compadd -A hits "$@"; for hit in $hits; do print -r -- "HIT:$hit:HIT"; done; builtin compadd "$@" }; ended () { print "THE END"; exit }; comppostfuncs=(ended); bindkey "^I" complete-word; print READY""NOW'
line=; while [[ $line != *READYNOW* ]]; do zpty -r z line || break; done
zpty -n -w z "$2"$'\\t'
while zpty -r z line; do print -r -- "$line"; [[ $line != *"THE END"* ]] || break; done`;

const fish = 'source $argv[1]; complete -C $argv[2]';

/** A shell with both programs on its PATH, and what they look at in its environment; lines are completed in `folder`. */
export class Completer {
  readonly #scripts: Readonly<Record<string, string>>;
  readonly #shell: Shell;
  readonly #env: NodeJS.ProcessEnv;
  readonly folder: string;

  constructor(shell: Shell, env: Readonly<Record<string, string>> = {}) {
    this.#shell = shell;
    this.folder = temporaryFolder(`complete-${shell}-`);
    const bin = join(this.folder, '.bin');
    mkdirSync(bin);
    this.#env = { ...process.env, SLIPWAY_API_KEY: '', HOME: bin, ...env, PATH: `${bin}:${process.env['PATH']}` };
    this.#scripts = Object.fromEntries(
      [
        ['launch', '../../../src/launch/main.js'],
        ['slipway', '../../../src/tool/main.js'],
      ].map(([name = '', main = '']) => {
        const program = join(bin, name);
        const path = fileURLToPath(new URL(main, import.meta.url));
        writeFileSync(program, `#!/bin/sh\nexec '${process.execPath}' '${path}' "$@"\n`);
        chmodSync(program, 0o755);
        const script = join(bin, `_${name}`);
        writeFileSync(script, execFileSync(program, ['completion', shell], { env: this.#env }));
        return [name, script];
      }),
    );
  }

  /** What the shell offers at the end of a line: whole words, or of bash what follows the last = or :. */
  async complete(line: string): Promise<readonly string[]> {
    const script = this.#scripts[line.split(' ')[0] ?? ''] ?? '';
    const ask = async (program: string, ...args: readonly string[]): Promise<string> =>
      (await promisify(execFile)(program, args, { cwd: this.folder, env: this.#env })).stdout;
    if (this.#shell === 'bash') return lines(await ask('bash', '-c', bash, 'bash', script, line));
    if (this.#shell === 'fish')
      return lines(await ask('fish', '--no-config', '-c', fish, script, line)).map((text) => text.split('\t')[0] ?? '');
    const text = await ask('zsh', '-f', '-c', zsh, 'zsh', script, line);
    return [...new Set([...text.matchAll(/HIT:(.*?):HIT/g)].map(([, hit]) => hit ?? ''))];
  }
}

function lines(text: string): readonly string[] {
  return text.split('\n').filter((line) => line !== '');
}
