import { endWithStandardOutput } from '../command-line/standard-output.js';
import { runProgram } from './program.js';
import { lendThisProcess } from './this-process.js';

let exitCode = 0;
const context = lendThisProcess((code) => {
  exitCode = code;
});

endWithStandardOutput(process);

const failureCode = await runProgram(process.argv.slice(2), context);
process.exit(failureCode === 0 ? exitCode : failureCode);
