// Measures a server at ten times its capacity, open loop: goodput, waits of accepted and refused requests, a neighbour model at
// 20 requests a second, readiness, memory, and how soon it has recovered. Two lines for each kind of request.
// With `apart` the server has the first half of the CPUs for itself, and what is sent comes from the others: what it loses then it loses by itself.
// Usage: node tools/build.js && node bench/micro/overload.js [tensors|json|images|all] [SECONDS] [FACTOR] [apart]
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { closed, order, putModels, ready, rssMb, serve, threadMs } from './flood.js';

const [, , kind = 'all', seconds = '10', factor = '10', place] = process.argv;
const half = cpus().length >> 1;
const serverCpus = place === 'apart' ? `0-${half - 1}` : undefined;
if (place === 'apart') execFileSync('taskset', ['-acp', `${half}-${cpus().length - 1}`, String(process.pid)]);
const folder = mkdtempSync(join(tmpdir(), 'slipway-overload-'));
const requests = await putModels(folder);
const floodMs = Number(seconds) * 1000;
console.log(
  `load of the machine ${loadavg()
    .map((value) => value.toFixed(1))
    .join(' ')}`,
);

async function measure(name) {
  const server = await serve(folder, serverCpus);
  const { port } = server;
  const stream = (bytes, perSecond) => ({ bytes, perSecond });
  const probe = (ms) => order({ port, ms, streams: [stream(requests.neighbour, 20), stream(ready, 20)] });
  const [lone] = await probe(2000);
  // The best: as many clients as keep it busy, each waiting for its answer.
  const best = await closed(port, requests[name], Math.min(4000, floodMs / 2));
  const memory = [rssMb(server)];
  const startedMs = threadMs(server.pid, server.pid);
  const flooding = order({ port, ms: floodMs, streams: [stream(requests[name], best * Number(factor))] });
  const [[flood], probes] = await Promise.all([flooding, probe(floodMs)]);
  const httpMs = threadMs(server.pid, server.pid) - startedMs;
  memory.push(rssMb(server));
  await sleep(1000);
  const [after] = await probe(1000);
  memory.push(rssMb(server));
  console.log(describeFlood(name, best, flood));
  console.log(
    describeOthers({ lone, probes, after, memory, usPerRequest: (httpMs * 1000) / (flood.sent - flood.lost) }),
  );
  await server.end();
}

function describeFlood(name, best, { perSecond, accepted, refused, lost, unsent, statuses, losses }) {
  const at = (best * Number(factor)).toFixed(0);
  const share = Math.round((perSecond / best) * 100);
  return (
    `${name}  best ${best.toFixed(0)}/s; at ${at}/s: goodput ${share} %, accepted p50 ${accepted.p50} p99 ${accepted.p99} ms, ` +
    `refused p50 ${refused.p50} p99 ${refused.p99} ms, lost ${lost}, not sent ${unsent}, ${JSON.stringify({ ...statuses, ...losses })}`
  );
}

function describeOthers({ lone, probes: [neighbour, health], after, memory, usPerRequest }) {
  return (
    `  neighbour p50 ${neighbour.accepted.p50} p99 ${neighbour.accepted.p99} ms (alone ${lone.accepted.p50}, ${lone.accepted.p99}; ` +
    `1 s after ${after.accepted.p99}), refused ${neighbour.refused.count}, lost ${neighbour.lost}; ` +
    `ready p99 ${health.accepted.p99} max ${health.accepted.max} ms; memory ${memory.join(' -> ')} MB; ` +
    `CPU of the HTTP thread a request ${usPerRequest.toFixed(0)} us`
  );
}

for (const name of kind === 'all' ? ['tensors', 'json', 'images'] : [kind]) await measure(name);
rmSync(folder, { recursive: true, force: true });
