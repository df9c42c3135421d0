import { readFile } from 'node:fs/promises';

/** Ends the process of a trial that runs a model which never comes back, as the kernel does where memory runs out, or a fault. */
export async function endTrial(signal: NodeJS.Signals, until: AbortSignal): Promise<void> {
  while (!until.aborted) {
    const children = (await readFile(`/proc/self/task/${process.pid}/children`, 'utf8')).trim().split(' ');
    for (const pid of children) if (await isBusyTrial(pid)) return void process.kill(Number(pid), signal);
  }
}

/** Whether it is a process of a trial that has used a second of CPU time: no other model of these tests needs as much. */
async function isBusyTrial(pid: string): Promise<boolean> {
  const [line, text] = await Promise.all(
    ['cmdline', 'stat'].map((name) => readFile(`/proc/${pid}/${name}`, 'utf8').catch(() => '')),
  );
  return line!.includes('trial-') && Number(text!.split(') ')[1]?.split(' ')[11]) > 100;
}
