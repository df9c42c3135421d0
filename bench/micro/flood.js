// Servers and open loops of requests for the measurements of overload.js and soak.js.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';
import { setTimeout as sleep } from 'node:timers/promises';
import { load, serverArgs, serverUrl, startProcess } from './process.js';

export { rssMb, threadMs } from './process.js';

const self = fileURLToPath(import.meta.url);

/** One stream of requests at a rate, whatever the answers do: due requests take a free connection, or open another. */
class Stream {
  #free = [];
  #open = 0;
  #due = 0;
  #accepted = [];
  #refused = [];
  underWay = 0;
  facts = { sent: 0, unsent: 0, lost: 0, statuses: {}, losses: {} };

  constructor({ port, bytes, perSecond, mostConnections = 4000 }, Connection) {
    this.#wire = Buffer.from(bytes, 'base64');
    this.#perMs = perSecond / 1000;
    this.#most = mostConnections;
    this.#connect = () => new Connection({ host: '127.0.0.1', port, timeoutMs: 60_000 });
  }
  #wire;
  #perMs;
  #most;
  #connect;

  sendDue(startMs) {
    for (; this.#due < (performance.now() - startMs) * this.#perMs; this.#due += 1) {
      const connection = this.#free.pop() ?? (this.#open < this.#most ? this.#connectAnother() : undefined);
      if (connection === undefined) this.facts.unsent += 1;
      else this.#ask(connection, startMs + this.#due / this.#perMs);
    }
  }

  #connectAnother() {
    this.#open += 1;
    return this.#connect();
  }

  #ask(connection, dueMs) {
    const { facts } = this;
    facts.sent += 1;
    this.underWay += 1;
    connection.send(this.#wire, (outcome) => {
      this.underWay -= 1;
      this.#free.push(connection);
      if (!('answer' in outcome)) {
        facts.lost += 1;
        facts.losses[outcome.error.message] = (facts.losses[outcome.error.message] ?? 0) + 1;
        return;
      }
      const { status } = outcome.answer.response;
      facts.statuses[status] = (facts.statuses[status] ?? 0) + 1;
      (status === 200 ? this.#accepted : this.#refused).push([dueMs, outcome.answer.endedAt - dueMs]);
    });
  }

  close({ endMs, ms }) {
    for (const connection of this.#free) connection.close();
    const inTime = this.#accepted.filter(([dueMs, tookMs]) => dueMs + tookMs <= endMs).length;
    const perSecond = (inTime * 1000) / ms;
    const lost = this.facts.lost + this.underWay;
    return { ...this.facts, lost, perSecond, accepted: figures(this.#accepted), refused: figures(this.#refused) };
  }
}

/** Sends streams for so long, then waits for what is under way. */
async function send({ port, streams, ms }) {
  const { Connection } = await load('bench/load/connection.js');
  const all = streams.map((stream) => new Stream({ port, ...stream }, Connection));
  const startMs = performance.now();
  while (performance.now() < startMs + ms) {
    for (const stream of all) stream.sendDue(startMs);
    await sleep(1);
  }
  const endMs = performance.now();
  while (all.some(({ underWay }) => underWay > 0) && performance.now() < endMs + 60_000) await sleep(5);
  return all.map((stream) => stream.close({ endMs, ms }));
}

function figures(latencies) {
  const sorted = latencies.map(([, ms]) => ms).sort((a, b) => a - b);
  const at = (share) =>
    Math.round((sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? NaN) * 10) / 10;
  return { count: sorted.length, p50: at(0.5), p99: at(0.99), max: at(1) };
}

/** Each order has a process of its own, so that the flood does not delay the probes' clock. */
export async function order(facts) {
  const child = fork(self, ['flood']);
  child.send(facts);
  const [result] = await once(child, 'message');
  child.disconnect();
  return result;
}

/** A server of the models of a folder; FLAGS in the environment are its flags. */
export const serve = (folder, cpus) =>
  startProcess(serverArgs(folder, (process.env.FLAGS ?? '').split(' ').filter(Boolean)), serverUrl, cpus);

/** What no server in Node can do better: node:http that refuses everything at once, and does nothing else. */
export const serveBare = (cpus) => startProcess([self, 'refuse'], serverUrl, cpus);

function refuseAll() {
  const refusal = JSON.stringify({ error: 'Exceeds maximum queue size: this server refuses everything.' });
  const headers = ['content-type', 'application/json', 'content-length', String(refusal.length), 'retry-after', '2'];
  const server = createServer(({ method }, response) => {
    if (method === 'POST') response.writeHead(429, headers).end(refusal);
    else response.writeHead(200, ['content-length', '0']).end();
  });
  server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, () => {
    console.error(JSON.stringify({ url: `http://127.0.0.1:${server.address().port}` }));
  });
}

export function wire(path, body, headers = '') {
  const bytes = Buffer.from(body);
  const head = `POST ${path} HTTP/1.1\r\nhost: x\r\n${headers}content-length: ${bytes.length}\r\n\r\n`;
  return Buffer.concat([Buffer.from(head), bytes]).toString('base64');
}

/** Writes the models that are asked; answers a request of each kind. */
export async function putModels(folder) {
  const models = await load('test/support/models.js');
  const row = Array.from({ length: 16 }, (_, n) => n);
  await models.putModel(folder, { name: 'tiny', graph: models.sumAndDifference });
  await models.putModel(folder, { name: 'slow', graph: models.slowProduct(3) });
  await models.putModel(folder, { name: 'slower', graph: models.slowProduct(12) });
  const sums = {
    name: 'sums',
    inputs: [{ name: 'X', datatype: 'FP32', shape: ['batch', 3, 96, 96] }],
    outputs: [{ name: 'Y', datatype: 'FP32', shape: ['batch', 3, 1, 1] }],
    nodes: [{ op: 'GlobalAveragePool', inputs: ['X'], outputs: ['Y'] }],
  };
  await models.putModel(folder, {
    name: 'sums',
    graph: sums,
    config: { image: { input: 'X', resize: { width: 96, height: 96 } } },
  });
  const values = Array.from({ length: 3 * 96 * 96 }, (_, n) => Math.sin(n));
  const tensor = ([name, datatype, shape, data]) => ({ name, datatype, shape, data });
  const infer = (model, inputs) => wire(`/v2/models/${model}/infer`, JSON.stringify({ inputs }));
  return {
    neighbour: infer(
      'tiny',
      ['A', 'B'].map((name) => tensor([name, 'INT32', [1, 16], row])),
    ),
    tensors: infer('slow', [tensor(['X', 'FP32', [1], [1]])]),
    slow: infer('slower', [tensor(['X', 'FP32', [1], [1]])]),
    json: infer('sums', [tensor(['X', 'FP32', [1, 3, 96, 96], values])]),
    images: wire(
      '/predictions/sums?outputs=true',
      readFileSync(new URL('../images/scene-1.jpg', import.meta.url)),
      'content-type: image/jpeg\r\n',
    ),
  };
}

export const ready = Buffer.from('GET /v2/health/ready HTTP/1.1\r\nhost: x\r\n\r\n').toString('base64');

/** Answers a second to 16 clients that wait for their answers. */
export async function closed(port, bytes, ms) {
  const { startLoadGenerator } = await load('bench/load/load.js');
  const generator = startLoadGenerator();
  const request = { bytes: Buffer.from(bytes, 'base64') };
  const arrivals = { kind: 'closed', concurrency: 16 };
  const order = { host: '127.0.0.1', port, requests: [request], arrivals, warmupMs: 1000, windowMs: ms, windows: 1 };
  const { windows } = await generator.run({ ...order, timeoutMs: 30_000 });
  await generator.close();
  return (windows[0].completed * 1000) / windows[0].elapsedMs;
}

if (process.argv[2] === 'refuse') refuseAll();
if (process.argv[2] === 'flood') {
  process.once('message', (facts) => void send(facts).then((result) => process.send(result)));
}
