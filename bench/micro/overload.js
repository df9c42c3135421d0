// Measures a server at ten times its capacity, open loop: goodput, waits of accepted and refused requests, a neighbour model at
// 20 requests a second, readiness, memory, and how soon it has recovered. Two lines for each kind of request.
// Kinds: `tensors` runs for some 6 ms, `slow` for some 25 (ten times what it answers are few enough to be sent in full), `json` has 550 kB
// and `images` 44 kB, which cost more to receive and to decode than to run.
// With `apart` the server has the first half of the CPUs for itself, and what is sent comes from the others: what it loses then it loses by itself.
// With `floor` the same requests are sent, at the same rate and from the same CPUs, to node:http that refuses them all and does nothing else: a third line.
// With --json each kind is a line of JSON instead: its figures, the targets, and which of them were missed.
// Usage: node tools/build.js && node bench/micro/overload.js [tensors|slow|json|images|all] [SECONDS] [FACTOR] [apart] [floor] [--json]
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { closed, order, putModels, ready, rssMb, serve, serveBare, threadMs } from './flood.js';

const words = new Set(['--json', 'apart', 'floor']);
const [isJson, isApart, hasFloor] = [...words].map((word) => process.argv.includes(word));
const [, , kind = 'all', seconds = '10', factor = '10'] = process.argv.filter((word) => !words.has(word));
if (!(Number(seconds) > 0 && Number(factor) > 0)) {
  console.error(
    `Expected [KIND|all] [SECONDS] [FACTOR] [apart] [floor] [--json], received ${process.argv.slice(2).join(' ')}.`,
  );
  process.exit(2);
}
const half = cpus().length >> 1;
const serverCpus = isApart ? `0-${half - 1}` : undefined;
if (isApart) execFileSync('taskset', ['-acp', `${half}-${cpus().length - 1}`, String(process.pid)]);
const folder = mkdtempSync(join(tmpdir(), 'slipway-overload-'));
const requests = await putModels(folder);
const floodMs = Number(seconds) * 1000;
const loadBefore = loadavg().map((value) => Math.round(value * 10) / 10);
if (!isJson) console.log(`load of the machine ${loadBefore.join(' ')}`);

/** What each figure may be, for a run that has the machine to itself. */
const targets = {
  goodput: { least: 0.9 },
  acceptedP99Ms: { most: 3000 },
  refusedP99Ms: { most: 50 },
  neighbourOfAlone: { most: 3 },
  neighbourRefused: { most: 0 },
  readyP99Ms: { most: 50 },
  memoryOfBefore: { most: 1.25 },
  afterOfAlone: { most: 3 },
  lost: { most: 0 },
};

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
  const usPerRequest = (httpMs * 1000) / (flood.sent - flood.lost);
  await server.end();
  const floor = hasFloor ? await measureFloor(requests[name], best * Number(factor)) : undefined;
  report(name, { best, flood, lone, probes, after, memory, usPerRequest, floor });
}

function report(name, { best, flood, lone, probes, after, memory, usPerRequest, floor }) {
  if (isJson) {
    const figures = figuresOf({ best, flood, lone, probes, after, memory });
    const missed = Object.keys(targets).filter((figure) => isMissed(figures[figure], targets[figure]));
    console.log(
      JSON.stringify({
        kind: name,
        loadBefore,
        best,
        factor: Number(factor),
        figures,
        targets,
        missed,
        flood,
        memory,
        usPerRequest,
        floor,
      }),
    );
  } else {
    console.log(describeFlood(name, best, flood));
    console.log(describeOthers({ lone, probes, after, memory, usPerRequest }));
    if (floor !== undefined) console.log(describeFloor(floor));
  }
}

/** What the same flood costs a server that refuses all of it. */
async function measureFloor(bytes, perSecond) {
  const server = await serveBare(serverCpus);
  const { port } = server;
  const startedMs = threadMs(server.pid, server.pid);
  const [[flood], [health]] = await Promise.all([
    order({ port, ms: floodMs, streams: [{ bytes, perSecond }] }),
    order({ port, ms: floodMs, streams: [{ bytes: ready, perSecond: 20 }] }),
  ]);
  const usPerRequest = ((threadMs(server.pid, server.pid) - startedMs) * 1000) / (flood.sent - flood.lost);
  await server.end();
  return { sent: flood.sent, lost: flood.lost, refused: flood.refused, ready: health.accepted, usPerRequest };
}

function figuresOf({ best, flood, lone, probes: [neighbour, health], after, memory: [before, during] }) {
  return {
    goodput: flood.perSecond / best,
    acceptedP99Ms: flood.accepted.p99,
    // Null where none was refused.
    refusedP99Ms: flood.refused.p99,
    neighbourOfAlone: neighbour.accepted.p99 / lone.accepted.p99,
    neighbourRefused: neighbour.refused.count,
    readyP99Ms: health.accepted.p99,
    memoryOfBefore: during / before,
    afterOfAlone: after.accepted.p99 / lone.accepted.p99,
    lost: flood.lost + neighbour.lost,
  };
}

function isMissed(value, { least = -Infinity, most = Infinity }) {
  return value < least || value > most;
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

function describeFloor({ sent, lost, refused, ready: health, usPerRequest }) {
  return (
    `  node:http that refuses them all: sent ${sent}, lost ${lost}, refused p50 ${refused.p50} p99 ${refused.p99} ms, ready p99 ${health.p99} ms, ` +
    `CPU of its thread a request ${usPerRequest.toFixed(0)} us`
  );
}

for (const name of kind === 'all' ? ['tensors', 'slow', 'json', 'images'] : [kind]) await measure(name);
rmSync(folder, { recursive: true, force: true });
