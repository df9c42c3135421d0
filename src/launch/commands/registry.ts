import type { Command } from 'commander';
import type { LaunchContext } from '../context.js';
import { everydayCommands } from './everyday.js';
import { register as registerCompletion } from './completion.js';
import { register as registerDoctor } from './doctor.js';
import { register as registerExport } from './export.js';
import { register as registerUp } from './up.js';
import { register as registerVersion } from './version.js';

/** Adds one command to the program: every file here but this one, engine-options and everyday exports a `register`. */
export type Register = (program: Command, context: LaunchContext) => void;

/** All commands, in the order in which help lists them. */
export const commands: readonly Register[] = [
  registerUp,
  registerDoctor,
  ...everydayCommands,
  registerExport,
  registerCompletion,
  registerVersion,
];
