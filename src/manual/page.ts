import { wordOf, type CommandDefinition, type OptionDefinition } from '../command-line/definition.js';

/** What a page says beside the definitions. */
export interface Manual {
  /** The line of NAME. */
  readonly title: string;
  readonly description: readonly string[];
  readonly environment: readonly (readonly [name: string, text: string])[];
  readonly files: readonly (readonly [path: string, text: string])[];
  /** One list a group of commands that end alike. */
  readonly exits: readonly { readonly of: string; readonly codes: Readonly<Record<number, string>> }[];
  readonly examples: readonly (readonly [text: string, line: string])[];
  readonly seeAlso: readonly string[];
}

/** What a page is made of. */
export interface PageSource {
  readonly program: CommandDefinition;
  readonly manual: Manual;
  readonly version: string;
  /** `2026-01-31`. */
  readonly date: string;
}

/** The page of a program, section 1, in the man macros that groff and mandoc know; options of its own first, then a section for each command. */
export function manPage({ program, manual, version, date }: PageSource): string {
  const { title, description, environment, files, exits, examples, seeAlso } = manual;
  const name = program.path;
  const table = (rows: readonly (readonly [string, string])[]): readonly string[] =>
    rows.map(([tag, text]) => entry(bold(tag), text));
  const lines = [
    `.\\" Written by tools/man.js from the definitions of ${name}'s flags.`,

    `.TH ${name.toUpperCase()} 1 ${date} "slipway ${version}" "User Commands"`,
    // Names are copied from here: none is broken at a line's end.
    '.nh',
    macro('SH', 'NAME'),
    `${escapeRoff(name)} \\- ${escapeRoff(title)}`,
    macro('SH', 'SYNOPSIS'),
    synopsis(program),
    ...program.commands.flatMap((command) => ['.br', synopsis(command)]),
    macro('SH', 'DESCRIPTION'),
    ...description.flatMap((text) => ['.PP', escapeRoff(text)]).slice(1),
    macro('SH', 'OPTIONS'),
    ...program.options.map(optionEntry),
    entry(`${bold('-h')}, ${bold('--help')}`, 'Print the flags of the program, or of the command before it.'),
    macro('SH', 'COMMANDS'),
    ...program.commands.flatMap((command) => commandSection(command, program)),
    macro('SH', 'ENVIRONMENT'),
    ...table(environment),
    macro('SH', 'FILES'),
    ...table(files),
    macro('SH', 'EXIT STATUS'),
    ...exits.flatMap(({ of, codes }) => ['.PP', escapeRoff(of), ...table(Object.entries(codes))]).slice(1),
    macro('SH', 'EXAMPLES'),
    ...examples.flatMap(([text, line]) => ['.PP', escapeRoff(text), sample([line])]).slice(1),
    macro('SH', 'SEE ALSO'),
    seeAlso.map((page) => bold(page).replace(/\((\d)\)(\\fR)$/, '\\fR($1)')).join(',\n'),
  ];
  return `${lines.join('\n')}\n`;
}

function synopsis({ path, options, operands, commands }: CommandDefinition): string {
  const parts = [
    bold(path),
    ...(options.length > 0 ? [`[${italic('options')}]`] : []),
    ...(commands.length > 0 && operands.length === 0 ? [`[${italic('command')}]`] : []),
    ...operands.map(({ shown }) => italic(shown)),
  ];
  return parts.join(' ');
}

/** A command's part, and those of the commands below it. Options that the program has too, word for word, are only named. */
function commandSection(command: CommandDefinition, program: CommandDefinition): readonly string[] {
  const { aliases, description, operands, options } = command;
  const shared = options.filter((option) => program.options.some((own) => isSame(own, option)));
  const own = options.filter((option) => !shared.includes(option));
  const names = shared.map(({ names: all }) => bold(all.at(-1) ?? '')).join(', ');
  const also = aliases.map((alias) => bold(command.path.replace(wordOf(command), alias))).join(', ');
  return [
    macro('SS', command.path),
    ...(also === '' ? [] : [`The same as ${also}.`]),
    escapeRoff(sentence(description)),
    ...operands.flatMap(({ shown, description: text }) => (text === '' ? [] : [entry(italic(shown), sentence(text))])),
    ...own.map(optionEntry),
    ...(names === '' ? [] : ['.PP', `Further options, as above: ${names}.`]),
    ...command.commands.flatMap((one) => commandSection(one, program)),
  ];
}

function isSame(one: OptionDefinition, other: OptionDefinition): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

function optionEntry({ names, value, ...option }: OptionDefinition): string {
  const { description, isRepeated, takes, fallback, variable, configKey } = option;
  const shown = value === undefined ? '' : ` ${italic(value)}`;
  const said = `${description} ${value ?? ''}`.split(/[^\w/-]+/);
  const words = takes.kind === 'words' ? takes.words.filter((word) => !said.includes(word)) : [];
  const isValue = takes.kind === 'words' && takes.words.includes(said[0] ?? '');
  const facts = [
    isValue ? `${description}.` : sentence(description),
    ...(words.length === 0 ? [] : [`Values: ${words.join(', ')}.`]),
    ...(isRepeated && !description.includes('repeated') ? ['May be repeated.'] : []),
    ...(fallback === undefined ? [] : [`Default: ${fallback}.`]),
    ...(variable === undefined ? [] : [`Environment: ${variable}.`]),
    ...(configKey === undefined ? [] : [`Configuration file: "${configKey}".`]),
  ];
  return entry(`${names.map(bold).join(', ')}${shown}`, facts.join(' '));
}

/** With a capital, unless it begins with a name or a value, and a full stop. */
function sentence(text: string): string {
  const whole = /^[a-z]+ /.test(text) ? text.charAt(0).toUpperCase() + text.slice(1) : text;
  return /[.?!]$/.test(whole) ? whole : `${whole}.`;
}

/** A line of a page's text for the man macros: every character stands for itself, whatever roff makes of it. */
function escapeRoff(text: string): string {
  const escaped = text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll("'", '\\(aq')
    .replaceAll('`', '\\(ga')
    .replaceAll('^', '\\(ha')
    .replaceAll('~', '\\(ti')
    .replaceAll(/\P{ASCII}/gu, (letter) => `\\[u${codeOf(letter)}]`);
  return escaped.startsWith('.') ? `\\&${escaped}` : escaped;
}

/** Four hexadecimal digits at least, as roff names characters. */
function codeOf(letter: string): string {
  return (letter.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
}

/** In bold, within a line. */
function bold(text: string): string {
  return `\\fB${escapeInner(text)}\\fR`;
}

/** In italics, within a line: what is to be replaced. */
function italic(text: string): string {
  return `\\fI${escapeInner(text)}\\fR`;
}

function escapeInner(text: string): string {
  return escapeRoff(text).replace(/^\\&/, '');
}

/** A macro with arguments in quotes. */
function macro(name: string, ...args: readonly string[]): string {
  return [`.${name}`, ...args.map((arg) => `"${escapeRoff(arg).replaceAll('"', '\\(dq')}"`)].join(' ');
}

/** A tagged paragraph: the tag is roff, the text is not. */
function entry(tag: string, text: string): string {
  return `.TP\n${tag}\n${escapeRoff(text)}`;
}

/** Lines of a terminal, each as it is. */
function sample(lines: readonly string[]): string {
  return ['.PP', '.RS 4', '.EX', ...lines.map(escapeRoff), '.EE', '.RE'].join('\n');
}
