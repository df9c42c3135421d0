import type { Command } from 'commander';
import type { LaunchContext } from '../context.js';
import { register as registerBuild } from './images/build.js';
import { register as registerModels } from './models/models.js';
import { register as registerPort } from './servers/port.js';
import { register as registerPull } from './images/pull.js';
import { register as registerPush } from './images/push.js';
import { register as registerEvents } from './servers/events.js';
import { register as registerExec } from './servers/exec.js';
import { register as registerImages } from './images/images.js';
import { register as registerInspect } from './servers/inspect.js';
import { register as registerKill } from './servers/kill.js';
import { register as registerLogs } from './servers/logs.js';
import { register as registerNetwork } from './system/network.js';
import { register as registerPrune } from './system/prune.js';
import { register as registerPs } from './servers/ps.js';
import { register as registerRm } from './servers/rm.js';
import { register as registerScale } from './servers/scale.js';
import { register as registerStart } from './servers/start.js';
import { register as registerStats } from './servers/stats.js';
import { register as registerStop } from './servers/stop.js';
import { register as registerCompletion } from './system/completion.js';
import { register as registerDoctor } from './system/doctor.js';
import { register as registerExport } from './system/export.js';
import { register as registerUp } from './up/up.js';
import { register as registerVersion } from './system/version.js';

/** Commands for containers, images and networks that run already, in the order in which help lists them. */
const serverCommands: readonly Register[] = [
  registerPs,
  registerLogs,
  registerStats,
  registerExec,
  registerInspect,
  registerPort,
  registerStart,
  registerStop,
  registerKill,
  registerRm,
  registerScale,
  registerPrune,
  registerImages,
  registerBuild,
  registerPull,
  registerPush,
  registerNetwork,
  registerEvents,
];

/** Adds one command to the program; the file of each command exports one as `register`. */
export type Register = (program: Command, context: LaunchContext) => void;

/** All commands, in the order in which help lists them. */
export const commands: readonly Register[] = [
  registerUp,
  registerDoctor,
  ...serverCommands,
  registerModels,
  registerExport,
  registerCompletion,
  registerVersion,
];
