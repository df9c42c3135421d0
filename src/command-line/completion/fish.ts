import { flatten, wordOf, type CommandDefinition, type OptionDefinition } from '../definition.js';
import type { Takes } from '../takes.js';
import { descents, optionValues, type Branch } from './tables.js';

function quote(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}

/** For ~/.config/fish/completions/PROGRAM.fish. */
export function fishScript(program: CommandDefinition): string {
  const name = program.path;
  return [
    `# ${name} completion for fish: ${name} completion fish > ~/.config/fish/completions/${name}.fish`,
    walkFunction(name, { values: optionValues(program), descents: descents(program) }),
    `complete -c ${name} -f`,
    ...flatten(program).flatMap((command) => commandLines(name, command)),
  ].join('\n');
}

/** A function that says whether the words before the cursor lead to a command (and, where a number follows, to that operand of it). */
function walkFunction(name: string, tables: Readonly<Record<'values' | 'descents', readonly Branch[]>>): string {
  const cases = (branches: readonly Branch[], act: (then: string) => string): string =>
    branches
      .map(({ keys, then }) => `                case ${keys.map(quote).join(' ')}\n                    ${act(then)}`)
      .join('\n');
  return `function __${name}_is
    set -l at ${name}
    set -l operands 0
    set -l option
    for word in (commandline -opc)[2..]
        if test -n "$option"; and not string match -q -- '-*' $word
            set option
            continue
        end
        set option
        if test "$word" = --
            return 1
        else if string match -q -- '-*' $word
            switch "$at $word"
${cases(tables.values, () => 'set option $word')}
            end
        else
            set -l before $at
            test $operands -eq 0; and switch "$at $word"
${cases(tables.descents, (path) => `set at ${quote(path)}`)}
            end
            test "$at" != "$before"; or set operands (math $operands + 1)
        end
    end
    test "$at" = "$argv[1]"; or return 1
    test -z "$argv[2]"; or test "$argv[2]" = $operands; or test "$argv[2]" = any
end`;
}

function commandLines(name: string, command: CommandDefinition): readonly string[] {
  const at = (operand: number | 'any' | ''): string => `-n ${quote(`__${name}_is ${quote(command.path)} ${operand}`)}`;
  return [
    ...command.commands.map(
      (one) => `complete -c ${name} ${at(0)} -a ${quote(wordOf(one))} -d ${quote(one.description)}`,
    ),
    ...command.operands.flatMap(({ takes, isRepeated }, index) => {
      const given = offered(name, takes);
      return given === '' ? [] : [`complete -c ${name} ${at(isRepeated ? 'any' : index)} ${given}`];
    }),
    ...command.options.map((option) => optionLine(name, { option, at: at('') })),
    `complete -c ${name} ${at('')} -l help -d 'print the flags'`,
  ];
}

function optionLine(name: string, { option, at }: { readonly option: OptionDefinition; readonly at: string }): string {
  const { names, value, takes, description } = option;
  const forms = names.map((each) => (each.startsWith('--') ? `-l ${each.slice(2)}` : `-s ${each.slice(1)}`));
  const wants = value === undefined || value.startsWith('[') ? '' : takes.kind === 'file' ? '-r ' : '-x ';
  return `complete -c ${name} ${at} ${forms.join(' ')} ${wants}${offered(name, takes)} -d ${quote(description)}`;
}

/** What fish offers for a value; without -F it offers no files here. */
function offered(name: string, takes: Takes): string {
  switch (takes.kind) {
    case 'file':
      return '-F';
    case 'folder':
      return `-a '(__fish_complete_directories)'`;
    case 'words':
      return `-a ${quote(takes.words.join(' '))}`;
    case 'names':
      return `-a '(command ${name} completion ${takes.of} -- (commandline -opc)[2..] 2>/dev/null)'`;
    default:
      return '';
  }
}
