import type { HelpConfiguration } from 'commander';

/** How every program's help describes an option: `how tensors are sent: binary, json (binary)`, and nothing of an empty list. */
export const plainHelp: HelpConfiguration = {
  optionDescription({ description, argChoices, defaultValue }) {
    const choices = argChoices === undefined ? '' : `: ${argChoices.join(', ')}`;
    const fallback = typeof defaultValue === 'string' ? ` (${defaultValue})` : '';
    return `${description}${choices}${fallback}`;
  },
};
