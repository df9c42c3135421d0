import type { Command } from 'commander';
import type { LaunchContext } from '../context.js';
import { register as registerBuild } from './build.js';
import { register as registerPort } from './port.js';
import { register as registerPull } from './pull.js';
import { register as registerPush } from './push.js';
import { register as registerEvents } from './events.js';
import { register as registerExec } from './exec.js';
import { register as registerImages } from './images.js';
import { register as registerInspect } from './inspect.js';
import { register as registerKill } from './kill.js';
import { register as registerLogs } from './logs.js';
import { register as registerNetwork } from './network.js';
import { register as registerPrune } from './prune.js';
import { register as registerPs } from './ps.js';
import { register as registerRm } from './rm.js';
import { register as registerStart } from './start.js';
import { register as registerStats } from './stats.js';
import { register as registerStop } from './stop.js';

type Register = (program: Command, context: LaunchContext) => void;

/** Commands for containers, images and networks that run already, in the order in which help lists them. */
export const everydayCommands: readonly Register[] = [
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
  registerPrune,
  registerImages,
  registerBuild,
  registerPull,
  registerPush,
  registerNetwork,
  registerEvents,
];
