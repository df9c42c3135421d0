import type { HelpConfiguration } from 'commander';

/** How every program's help describes an option: `how tensors are sent: binary, json (binary)`, and nothing of an empty list. */
export const plainHelp: HelpConfiguration = {
  optionDescription({ description, argChoices, defaultValue }) {
    const choices = argChoices === undefined ? '' : `: ${argChoices.join(', ')}`;
    const fallback = typeof defaultValue === 'string' ? ` (${defaultValue})` : '';
    return `${description}${choices}${fallback}`;
  },
};

/** The width of a help's lines: the terminal's, if that is not wider than is good to read; a pipe has none. */
export const helpWidth = (): number => Math.min(process.stdout.columns || 110, 110);
