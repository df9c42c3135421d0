// `slipway predict` and its like: what asks servers. Serving is src/server/main.ts.
import { endWithStandardOutput } from '../command-line/standard-output.js';
import { runTool } from './program.js';
import { lendThisProcess } from './this-process.js';

const interruption = new AbortController();

// The first Ctrl-C ends what was asked and started; the second ends at once, whatever computes in this process.
for (const name of ['SIGINT', 'SIGTERM'] as const) {
  process.on(name, () => {
    if (interruption.signal.aborted) process.kill(process.pid, 'SIGKILL');
    interruption.abort();
  });
}

endWithStandardOutput(process);

const code = await runTool(process.argv.slice(2), lendThisProcess(interruption.signal));
process.exit(code);
