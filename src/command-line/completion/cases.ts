import { flatten, wordOf, type CommandDefinition } from '../definition.js';
import { operandValues, type Branch } from './tables.js';

/** Single-quoted for bash and zsh. */
export function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/** Lines of a `case` of bash and zsh, which compares literally but for a star at a key's end. */
export function caseLines(branches: readonly Branch[], act: (then: string) => string): string {
  const pattern = (key: string): string => (key.endsWith(':*') ? `${quote(key.slice(0, -1))}*` : quote(key));
  return branches.map(({ keys, then }) => `    ${keys.map(pattern).join('|')}) ${act(then)} ;;`).join('\n');
}

/** How bash and zsh walk over the words before the cursor: where they lead (`at`), and what the last one still wants (`option`). */
export function walkLines(name: string): string {
  return `    if [[ -n $isOver ]]; then continue; fi
    if [[ -n $option && $word != -* ]]; then option=; continue; fi
    option=
    case $word in
      --) isOver=yes ;;
      -*) _${name}_takes "$at $word"; [[ -z $takes ]] || option=$word ;;
      *) _${name}_enter "$at $word" || operands=$((operands + 1)) ;;
    esac`;
}

/** The two functions that the walk calls, of bash and zsh. */
export function walkFunctions(
  name: string,
  tables: Readonly<Record<'values' | 'descents', readonly Branch[]>>,
): string {
  return `_${name}_takes() {
  takes=
  case $1 in
${caseLines(tables.values, (takes) => `takes=${quote(takes)}`)}
  esac
}
_${name}_enter() {
  ((operands == 0)) || return 1
  case $1 in
${caseLines(tables.descents, (path) => `at=${quote(path)}`)}
    *) return 1 ;;
  esac
}`;
}

/** What may stand at the cursor where no option does, in bash and zsh: `kind` of an operand, and the commands below, as `offer` names them. */
export function operandLines(
  program: CommandDefinition,
  offer: (commands: readonly (readonly [name: string, text: string])[]) => string,
): string {
  const groups = flatten(program).filter(({ commands }) => commands.length > 0);
  const branches = groups.map(({ path, commands }) => ({
    keys: [`${path}:0`],
    then: offer(commands.map((command) => [wordOf(command), command.description])),
  }));
  return `    case "$at:$operands" in
${caseLines(operandValues(program), (takes) => `kind=${quote(takes)}`)}
    esac
    case "$at:$operands" in
${caseLines(branches, (then) => `commands=${then}`)}
    esac`;
}
