import { runProgram } from './program.js';
import { lendThisProcess } from './this-process.js';

let exitCode = 0;
const context = lendThisProcess((code) => {
  exitCode = code;
});

// A reader that went away (`launch ps | head -1`) is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

const failureCode = await runProgram(process.argv.slice(2), context);
process.exit(failureCode === 0 ? exitCode : failureCode);
