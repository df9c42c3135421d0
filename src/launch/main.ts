import { homedir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { createConsole } from './console.js';
import type { LaunchContext } from './context.js';
import { runProgram } from './program.js';

const signals = ['SIGINT', 'SIGTERM'] as const;
let exitCode = 0;

const context: LaunchContext = {
  console: createConsole(process, process.env),
  env: process.env,
  cwd: process.cwd(),
  platform: process.platform,
  homeFolder: homedir(),
  projectFolder: fileURLToPath(new URL('../../../', import.meta.url)),
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  now: () => Date.now(),
  onSignal: (handler) => {
    for (const signal of signals) process.on(signal, handler);
    return () => {
      for (const signal of signals) process.off(signal, handler);
    };
  },
  setExitCode: (code) => {
    exitCode = code;
  },
};

// A reader that went away (`launch ps | head -1`) is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

const failureCode = await runProgram(process.argv.slice(2), context);
process.exit(failureCode === 0 ? exitCode : failureCode);
