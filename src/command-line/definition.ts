import type { Argument, Command, Option } from 'commander';
import { NotedOption } from './noted-option.js';
import { takenBy, type Takes } from './takes.js';

/** A command as manual pages and completion see it: the same of every program, from what its parser is made of. */
export interface CommandDefinition {
  /** `launch models pull`. */
  readonly path: string;
  readonly aliases: readonly string[];
  readonly description: string;
  readonly operands: readonly OperandDefinition[];
  readonly options: readonly OptionDefinition[];
  readonly commands: readonly CommandDefinition[];
}

/** What stands in its place on the line: `<path>`, `[server...]`. */
export interface OperandDefinition {
  /** As usage shows it. */
  readonly shown: string;
  readonly description: string;
  readonly takes: Takes;
  readonly isRepeated: boolean;
}

/** An option of a command. */
export interface OptionDefinition {
  /** `-m` and `--model`, those that there are. */
  readonly names: readonly string[];
  /** `<name>` or `[yes|no]`; undefined for a switch. */
  readonly value: string | undefined;
  readonly description: string;
  readonly takes: Takes;
  readonly isRepeated: boolean;
  readonly fallback: string | undefined;
  readonly variable: string | undefined;
  readonly configKey: string | undefined;
}

/** Reads a command and all below it, hidden options included; an option without a description is for the package's own use. */
export function defineCommand(command: Command, parent?: CommandDefinition): CommandDefinition {
  const definition: CommandDefinition = {
    path: parent === undefined ? command.name() : `${parent.path} ${command.name()}`,
    aliases: command.aliases(),
    description: command.description(),
    operands: command.registeredArguments.map(defineOperand),
    options: command.options.filter(({ description: text }) => text !== '').map(defineOption),
    commands: [],
  };
  return { ...definition, commands: command.commands.map((one) => defineCommand(one, definition)) };
}

/** All commands of a program, the program first. */
export function flatten(definition: CommandDefinition): readonly CommandDefinition[] {
  return [definition, ...definition.commands.flatMap(flatten)];
}

/** Last word of a path: how the command is typed after those before it. */
export function wordOf({ path }: CommandDefinition): string {
  return path.slice(path.lastIndexOf(' ') + 1);
}

function defineOperand(argument: Argument): OperandDefinition {
  const shown = `${argument.name()}${argument.variadic ? '...' : ''}`;
  return {
    shown: argument.required ? `<${shown}>` : `[${shown}]`,
    description: argument.description,
    takes: takenBy(argument.name(), argument.argChoices),
    isRepeated: argument.variadic,
  };
}

function defineOption(option: Option): OptionDefinition {
  const { flags, short, long, description } = option;
  const defaultValue: unknown = option.defaultValue;
  const { text, fallback, words, variable, configKey } = option instanceof NotedOption ? option.notes : {};
  const value = /[<[].*[>\]]$/.exec(flags)?.[0];
  const isPlain = typeof defaultValue === 'string' || typeof defaultValue === 'number';
  return {
    names: [short, long].filter((name) => typeof name === 'string'),
    value,
    description: text ?? description,
    takes: value === undefined ? { kind: 'nothing' } : takenBy(value.slice(1, -1), option.argChoices ?? words),
    isRepeated: isRepeated(option),
    fallback: fallback ?? (isPlain ? `${defaultValue}` : undefined),
    variable,
    configKey,
  };
}

/** Whether a value that is given twice is kept twice: what the option's own reader makes of it. */
function isRepeated(option: Option): boolean {
  const { parseArg, variadic, argChoices } = option;
  if (variadic || parseArg === undefined || argChoices !== undefined) return variadic;
  const read = (value: string, before: unknown): unknown => parseArg(value, before as never);
  return String(read('second', read('first', option.defaultValue))).includes('first');
}
