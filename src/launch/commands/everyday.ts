import type { Command } from 'commander';
import type { LaunchContext } from '../context.js';

type Register = (program: Command, context: LaunchContext) => void;

/** Commands for containers, images and networks that run already, in the order in which help lists them. */
export const everydayCommands: readonly Register[] = [];
