import { spawn } from 'node:child_process';

export interface CliAnswer {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end. */
export function run(
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<CliAnswer> {
  const child = spawn(program, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  const texts = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream].setEncoding('utf8').on('data', (text: string) => (texts[stream] += text));
  }
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, ...texts }));
  });
}

/** Runs docker and answers what it printed; throws with its error when it fails. */
export async function docker(...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await run('docker', args);
  if (code !== 0) throw new Error(`docker ${args.join(' ')} ended with ${code}:\n${stderr}${stdout}`);
  return stdout.trim();
}

/** A container's own address on the default bridge. */
export function addressOf(container: string): Promise<string> {
  return docker('inspect', '--format', '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}', container);
}

/** Waits until a container's own health check has spoken; throws with its log when it has ended. */
export async function waitUntilHealthy(container: string): Promise<void> {
  const deadline = performance.now() + 60_000;
  for (;;) {
    const state = await docker('inspect', '--format', '{{.State.Status}} {{.State.Health.Status}}', container);
    if (state === 'running healthy') return;
    if (!state.startsWith('running') || performance.now() > deadline) {
      throw new Error(`${container} is ${state}:\n${await docker('logs', container)}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** What a program inside a container answers; `source` is JavaScript whose `answer` is printed as JSON. */
export async function evaluateInside<T>(container: string, source: string): Promise<T> {
  const script = `(async () => { ${source} })().then((answer) => console.log(JSON.stringify(answer)))`;
  return JSON.parse(await docker('exec', container, '/usr/local/bin/node', '-e', script)) as T;
}
