import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { runLaunch } from '../support/launch-cli.js';

/** The image under test; it must be on the nodes, nothing is pulled. */
export const image = process.env['SLIPWAY_TEST_IMAGE'] ?? 'slipway:cpu';

/** Why the suites are skipped, or false; under REQUIRE_KUBERNETES=1 a missing cluster fails. */
export async function missingCluster(): Promise<string | false> {
  try {
    await kubectl('get', 'nodes');
    return false;
  } catch (thrown) {
    if (process.env['REQUIRE_KUBERNETES'] === '1') throw thrown;
    const reason =
      'needs kubectl and a cluster that it reaches, with the definitions of KServe, KEDA and the Prometheus operator';
    console.log(`skipped: ${reason}`);
    return reason;
  }
}

/** Runs kubectl and answers what it printed; throws with its error where it fails. */
export const kubectl = (...args: readonly string[]): Promise<string> => run(args);

/** Runs kubectl on a file that it reads from stdin. */
export const kubectlWith = (input: string, ...args: readonly string[]): Promise<string> =>
  run([...args, '-f', '-'], input);

async function run(args: readonly string[], input = ''): Promise<string> {
  const child = spawn('kubectl', args, { stdio: ['pipe', 'pipe', 'pipe'] });
  const texts = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream].setEncoding('utf8').on('data', (text: string) => (texts[stream] += text));
  }
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  const code = await new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  if (code !== 0)
    throw new Error(`kubectl ${args.join(' ')} ended with ${String(code)}:\n${texts.stderr}${texts.stdout}`);
  return texts.stdout.trim();
}

/** Looks again and again until what is seen is as wanted. Throws with what was seen last where it is not so in five minutes. */
export async function lookUntil<T>(look: () => Promise<T>, isWanted: (seen: T) => boolean, everyMs = 50): Promise<T> {
  const end = AbortSignal.timeout(300_000);
  for (;;) {
    const seen = await look();
    if (isWanted(seen)) return seen;
    if (end.aborted) throw new Error(`Not as wanted within five minutes: ${JSON.stringify(seen)}`);
    await sleep(everyMs);
  }
}

/** What `launch export` writes. */
export async function exportText(...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await runLaunch(['export', ...args]);
  assert.equal(code, 0, stderr);
  return stdout;
}

/** The pods of a deployment, as `pod/NAME`. */
export async function podsOf(name: string): Promise<readonly string[]> {
  const selector = `app.kubernetes.io/instance=${name}`;
  return (await kubectl('get', 'pods', '-l', selector, '-o', 'name'))
    .split('\n')
    .filter((line) => line !== '')
    .sort();
}

/** A claim on a folder of this machine, which has to be the node. */
export function claimOn(name: string, path: string): string {
  const shared = { accessModes: ['ReadOnlyMany'], storageClassName: '' };
  const volume = {
    ...shared,
    capacity: { storage: '1Mi' },
    hostPath: { path },
    claimRef: { name, namespace: 'default' },
  };
  const claim = { ...shared, volumeName: name, resources: { requests: { storage: '1Mi' } } };
  const items = [
    { apiVersion: 'v1', kind: 'PersistentVolume', metadata: { name }, spec: volume },
    { apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: { name }, spec: claim },
  ];
  return JSON.stringify({ apiVersion: 'v1', kind: 'List', items });
}
