import { readFile } from 'node:fs/promises';
import { startLoadGenerator, type LoadGenerator } from '../../../bench/load/load.js';
import type { WireRequest } from '../../../bench/load/messages.js';
import { mergeHistograms } from '../../../bench/stats/histogram.js';
import { ask } from '../../../bench/targets/ask.js';
import { buildPayloads, toWireRequest } from '../../../bench/targets/requests.js';
import { readModel, readProof, type ServedModel } from '../../../bench/targets/server-facts.js';
import { parseOrigin } from '../../../bench/targets/url.js';
import type { Origin } from '../../../bench/targets/target.js';
import type { Connection } from '../../client/connection.js';
import { AppError, messageOf } from '../../errors.js';
import { formatTable } from '../../launch/text/table.js';
import { readAccess, type AccessFlags } from '../access.js';
import type { ToolContext } from '../context.js';
import { findServer } from '../predict/find-server.js';
import { listReady } from '../ready-models.js';
import { serveOnce } from '../serve-once.js';

/** Flags of `slipway bench`, read. */
export interface BenchFlags extends AccessFlags {
  readonly model?: string;
  readonly models?: string;
  /** Numbers of clients, each waiting for its answer before it asks again. */
  readonly clients: readonly number[];
  readonly rows: number;
  readonly seconds: number;
  readonly timeoutMs: number;
  /** Sent instead of made-up tensors. */
  readonly image?: string;
  readonly form: 'binary' | 'json';
  readonly json?: boolean;
}

/** What was measured with one number of clients. */
interface Measured {
  readonly clients: number;
  readonly requestsPerSecond: number;
  readonly p50Ms: number;
  readonly p90Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  /** Answers that were no success, and requests without one. */
  readonly failed: number;
}

/** Measures how fast a server answers about one model, with each number of clients in turn; answers the exit code: 1 where requests failed. */
export async function bench(flags: BenchFlags, context: ToolContext): Promise<number> {
  const access = await readAccess(flags, context.env);
  const own = flags.models === undefined ? undefined : await serveOnce(flags.models, context);
  try {
    const options = { headers: access.headers, tls: access.tls, signal: context.signal };
    const { connection } = await findServer(own?.url ?? access.url, options, context);
    if (!connection.url.startsWith('http://'))
      throw new AppError('USAGE', `slipway bench speaks plain HTTP: ${connection.url} cannot be measured.`);
    const model = flags.model ?? (await findSole(connection));
    connection.close();
    const origin = parseOrigin(connection.url, access.headers);
    return await measureModel({ origin, model, flags, context });
  } finally {
    await own?.stop();
  }
}

async function findSole(connection: Connection): Promise<string> {
  const names = await listReady(connection);
  const [sole, ...others] = names;
  if (sole === undefined) throw new AppError('MODEL_NOT_FOUND', `No model is ready at ${connection.url}.`);
  if (others.length > 0)
    throw new AppError('USAGE', `Several models could be measured: ${names.join(', ')}. Name one with --model.`);
  return sole;
}

interface Bench {
  readonly origin: Origin;
  readonly model: string;
  readonly flags: BenchFlags;
  readonly context: ToolContext;
}

async function measureModel(run: Bench): Promise<number> {
  const { origin, model, flags, context } = run;
  const { console, signal } = context;
  const served = await readModel({ origin }, model);
  const requests = await prepareRequests(run, served);
  const load = startLoadGenerator();
  const all: Measured[] = [];
  try {
    for (const clients of flags.clients) {
      console.progress(`${model}: ${clients} clients, ${flags.seconds} s`);
      all.push(await measure(load, run, { requests, clients }));
    }
  } finally {
    if (!signal.aborted) await load.close();
  }
  const { device } = readProof(served);
  if (flags.json === true) console.json({ model, device, form: formOf(flags), rows: flags.rows, loads: all });
  else console.result(`${console.paint('bold', model)} on ${device}, ${describe(flags)}\n${show(all, flags.rows)}`);
  return all.some(({ failed }) => failed > 0) ? 1 : 0;
}

const formOf = ({ image, form }: BenchFlags): string => (image === undefined ? form : 'image');

function describe(flags: BenchFlags): string {
  return `${formOf(flags)}, ${flags.rows} row${flags.rows === 1 ? '' : 's'} a request`;
}

/** Requests as bytes, tried once each: one that is refused is told with the server's words before anything is measured. */
async function prepareRequests({ origin, model, flags }: Bench, served: ServedModel): Promise<readonly WireRequest[]> {
  const images = flags.image === undefined ? [] : [await readImage(flags.image)];
  const form = flags.image === undefined ? flags.form : 'image';
  const payloads = buildPayloads({ model, inputs: served.inputs, form, rows: flags.rows, variable: 128, images });
  for (const payload of payloads) {
    await ask(origin, payload).catch((cause: unknown) => {
      throw new AppError('REQUEST_FAILED', `Model ${model} cannot be measured: ${messageOf(cause)}`, { cause });
    });
  }
  return payloads.map((payload) => toWireRequest(payload, origin));
}

async function readImage(path: string): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = await readFile(path).catch((cause: unknown) => {
    throw new AppError('USAGE', `--image ${path} cannot be read: ${messageOf(cause)}.`, { cause });
  });
  return new Uint8Array(bytes);
}

/** Windows of a second; the first half second warms connections up and does not count. */
async function measure(
  load: LoadGenerator,
  { origin, flags, context }: Bench,
  { requests, clients }: { readonly requests: readonly WireRequest[]; readonly clients: number },
): Promise<Measured> {
  const { host, port } = origin;
  const timing = { warmupMs: 500, windowMs: 1000, windows: flags.seconds, timeoutMs: flags.timeoutMs };
  const order = { host, port, requests, arrivals: { kind: 'closed' as const, concurrency: clients }, ...timing };
  const { windows } = await load.run(order, context.signal);
  const histogram = mergeHistograms(windows.map(({ latencies }) => latencies));
  const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
  const counted = sum(windows.map(({ completed }) => completed));
  return {
    clients,
    requestsPerSecond: counted / (sum(windows.map(({ elapsedMs }) => elapsedMs)) / 1000),
    p50Ms: histogram.percentileMs(50),
    p90Ms: histogram.percentileMs(90),
    p99Ms: histogram.percentileMs(99),
    maxMs: histogram.maxMs,
    failed: sum(windows.flatMap(({ statuses }) => Object.values(statuses))) - counted,
  };
}

function show(all: readonly Measured[], rows: number): string {
  const ms = (value: number): string => (Number.isNaN(value) ? '-' : value.toFixed(2));
  const lines = all.map((one) => [
    ...[one.clients, one.requestsPerSecond.toFixed(1), (one.requestsPerSecond * rows).toFixed(1)].map(String),
    ...[one.p50Ms, one.p90Ms, one.p99Ms, one.maxMs].map(ms),
    String(one.failed),
  ]);
  return formatTable(['CLIENTS', 'REQUESTS/S', 'ROWS/S', 'P50 MS', 'P90 MS', 'P99 MS', 'MAX MS', 'FAILED'], lines);
}
