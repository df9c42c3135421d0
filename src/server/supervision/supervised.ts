import type { Settings } from '../settings/settings.js';

/** The server's end of the way to the supervisor in bin/supervisor.cjs. */
export interface Supervised {
  /** How the server before this one ended, as `pid:SIGNAL`. */
  readonly ended: string | undefined;
  /** Says how lines are logged, so that the supervisor's look the same, and how long stopping may take. */
  tellSettings(settings: Pick<Settings, 'log' | 'stop'>, isTerminal: boolean): void;
  /** Says that the end was asked for: whatever signal it comes by, it is no crash. */
  tellStopping(): void;
  /** Says with which exit code it ends, should a signal have to do it. */
  tellEnd(exitCode: number): void;
}

/**
 * Follows the supervisor that started this process, where one did: `onGone` is called when that has ended, however it did. The
 * variables by which it is known are taken out of the environment, since they are about no other process.
 */
export function followSupervisor(world: NodeJS.Process, onGone: () => void): Supervised {
  const isSupervised = world.env['SLIPWAY_SUPERVISED'] === String(world.ppid) && world.send !== undefined;
  const ended = world.env['SLIPWAY_ENDED'];
  delete world.env['SLIPWAY_SUPERVISED'];
  delete world.env['SLIPWAY_ENDED'];
  const send = (message: object): void => {
    if (isSupervised && world.connected) world.send?.(message);
  };
  if (isSupervised) {
    world.on('disconnect', onGone);
    world.channel?.unref();
  }
  return {
    ended,
    tellSettings: ({ log: { level, format }, stop: { delayMs, timeoutMs } }, isTerminal) => {
      const isForPeople = format === 'text' || (format === 'auto' && isTerminal);
      const isQuiet = level === 'fatal' || level === 'silent';
      send({ log: isQuiet ? 'none' : isForPeople ? 'text' : 'json', stopMs: delayMs + timeoutMs });
    },
    tellStopping: () => send({ isStopping: true }),
    tellEnd: (exitCode) => send({ isStopping: true, exitCode }),
  };
}
