// Starts a server in a process group of its own and ends the whole group when the benchmark that forked this goes away, however it ends.
import { spawn } from 'node:child_process';

const [command = '', ...args] = process.argv.slice(2);
const child = spawn(command, args, { stdio: ['ignore', 'inherit', 'inherit'], detached: true });

/** Servers with worker processes leave some of them behind when only their first process is ended. */
function endGroup(): void {
  try {
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
  } catch {
    // the group has ended
  }
}

child.once('error', (error) => {
  process.stderr.write(`${command} could not be started: ${error.message}\n`);
  process.exit(1);
});
child.once('exit', (code, by) => {
  endGroup();
  process.stderr.write(`ended with ${by ?? `exit code ${code ?? 0}`}\n`);
  process.exit(1);
});
process.once('disconnect', () => {
  endGroup();
  process.exit(0);
});
if (child.pid !== undefined) process.send?.(child.pid);
