import { docker, run } from '../docker-cli.js';

/** What became of the requests of a load. */
export interface SwarmLoad {
  readonly answered: number;
  /** Addresses of the replicas that answered. */
  readonly replicas: readonly string[];
  /** Answered with another status, refused, or cut off: `10.0.2.7: ECONNRESET`. */
  readonly failed: readonly string[];
}

/**
 * Runs in a container on the service's network, as a balancer does that finds replicas by the name `tasks.NAME`: two clients keep their
 * connection until an answer closes it, two open one for each request. Nothing is sent twice.
 */
const script = (name: string): string => `
const { resolve4 } = require('node:dns').promises;
const { Agent, request } = require('node:http');
const body = JSON.stringify({ inputs: [{ name: 'window', datatype: 'FP32', shape: [1, 64], data: Array(64).fill(0.5) }] });
const headers = { host: 'tasks.${name}', 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
const count = { answered: 0, replicas: new Set(), failed: [] };
let isOver = false;
process.on('SIGTERM', () => (isOver = true));
const infer = (host, agent) => new Promise((resolve) => {
  const asked = { host, port: 8000, path: '/v2/models/anomaly/infer', method: 'POST', headers, agent, timeout: 5000 };
  const sent = request(asked, (answer) => {
    answer.resume().on('end', () => resolve([answer.statusCode, answer.headers.connection === 'close']));
    answer.on('error', ({ code }) => resolve([code, true]));
  });
  sent.on('error', ({ code }) => resolve([code, true]));
  // A replica that is killed may take its address along: no packet comes back then, to a new connection either.
  sent.on('timeout', () => sent.destroy(Object.assign(new Error('no answer'), { code: 'ETIMEDOUT' })));
  sent.end(body);
});
let clients = 0;
async function client(keeps, turn) {
  let isFirst = true;
  const agent = keeps && new Agent({ keepAlive: true, maxSockets: 1 });
  for (let host; !isOver; turn += 1) {
    const known = host === undefined || !keeps ? (await resolve4('tasks.${name}')).sort() : [];
    host = known.length > 0 ? known[turn % known.length] : host;
    const [outcome, isClosing] = await infer(host, agent);
    if (outcome === 200) count.answered += 1;
    else count.failed.push(host + ': ' + outcome);
    if (outcome === 200) count.replicas.add(host);
    if (outcome === 200 && isFirst && (clients += 1) === 4) console.error('all are answered');
    if (outcome === 200) isFirst = false;
    if (isClosing) host = undefined;
    await new Promise((resolve) => setTimeout(resolve, 4));
  }
  if (agent) agent.destroy();
}
Promise.all([client(true, 0), client(true, 1), client(false, 0), client(false, 1)])
  .then(() => console.log(JSON.stringify({ ...count, replicas: [...count.replicas] })));
`;

/** Sends requests to a service while `action` runs. */
export async function underLoad(
  { name, network, image }: { readonly name: string; readonly network: string; readonly image: string },
  action: () => Promise<void>,
): Promise<SwarmLoad> {
  const container = `${name}-load`;
  const node = ['--entrypoint', '/usr/local/bin/node', '--init', image, '-e', script(name)];
  await docker('run', '--detach', '--name', container, '--network', network, ...node);
  try {
    // What the action changes is what they see change.
    for (let said = ''; !said.includes('all are answered'); said = (await run('docker', ['logs', container])).stderr) {
      const state = await docker('inspect', '--format', '{{.State.Status}}', container);
      if (state !== 'running') throw new Error(`the load is ${state}: ${said}`);
    }
    await action();
    await docker('stop', '--time', '20', container);
    const { stdout, stderr } = await run('docker', ['logs', container]);
    const counts = stdout.split('\n').find((line) => line.startsWith('{'));
    if (counts === undefined) throw new Error(`the load ended without its counts:\n${stderr}${stdout}`);
    return JSON.parse(counts) as SwarmLoad;
  } finally {
    await docker('rm', '--force', container);
  }
}
