import { hostname, userInfo } from 'node:os';
import { fileURLToPath } from 'node:url';
import { findHomeFolder } from '../home-folder.js';
import { createConsole, type Sink } from './text/console.js';
import type { LaunchContext } from './context.js';

const signals = ['SIGINT', 'SIGTERM'] as const;

/** This process as the commands' context; the console's streams may be others than its own. */
export function lendThisProcess(
  setExitCode: (code: number) => void,
  streams: { readonly stdout: Sink; readonly stderr: Sink } = process,
): LaunchContext {
  const { env, platform, stdin, stdout, stderr } = process;
  const homeFolder = findHomeFolder();
  return {
    console: createConsole(streams, env),
    env,
    cwd: process.cwd(),
    platform,
    homeFolder,
    projectFolder: fileURLToPath(new URL('../../../', import.meta.url)),
    owner: `${userName()}@${hostname()}`,
    stdin,
    stdout,
    stderr,
    openGateway: async (address) => {
      const { openDocker } = await import('./docker/open.js');
      return openDocker(address, { env, homeFolder, platform });
    },
    now: () => Date.now(),
    onSignal: (handler) => {
      for (const signal of signals) process.on(signal, handler);
      return () => {
        for (const signal of signals) process.off(signal, handler);
      };
    },
    setExitCode,
  };
}

/** The account's name; its number where the system has no name for it. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return String(process.getuid?.() ?? '');
  }
}
