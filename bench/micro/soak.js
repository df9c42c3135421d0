// A server under mixed load for MINUTES (a day: 1440): tensors, JSON, images, what is refused, and clients that leave. One line a minute, and at the
// end what was lost and whether memory and handles grew.
// Usage: node tools/build.js && node bench/micro/soak.js [MINUTES] [REQUESTS A SECOND OF EACH KIND]
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { order, putModels, ready, rssMb, serve, wire } from './flood.js';

const [, , minutesText = '10', rate = '5'] = process.argv;
const minutes = Number(minutesText);
if (!(minutes > 0)) throw new Error(`'${minutesText}': expected minutes, such as 10 or 0.5`);
const folder = mkdtempSync(join(tmpdir(), 'slipway-soak-'));
const requests = await putModels(folder);
const server = await serve(folder);
const { port } = server;
const handles = () => readdirSync(`/proc/${server.child.pid}/fd`).length;

const stream = (bytes) => ({ bytes, perSecond: Number(rate) });
const bad = [
  wire('/v2/models/tiny/infer', '{"inputs":['),
  wire('/v2/models/nobody/infer', '{}'),
  wire('/predictions/sums', 'no image', 'content-type: image/jpeg\r\n'),
];
const streams = [requests.neighbour, requests.tensors, requests.json, requests.images, ready, ...bad].map(stream);

/** Clients that send a request and are gone before its answer. */
async function leave(untilMs) {
  let left = 0;
  while (performance.now() < untilMs) {
    const socket = connect(port, '127.0.0.1').on('error', () => undefined);
    await once(socket, 'connect');
    await new Promise((resolve) => socket.write(Buffer.from(requests.images, 'base64'), resolve));
    socket.destroy();
    left += 1;
    await sleep(1000 / Number(rate));
  }
  return left;
}

const figures = [];
for (let minute = 1; minute < minutes + 1 && server.child.exitCode === null; minute += 1) {
  const ms = Math.round(60_000 * Math.min(1, minutes + 1 - minute));
  const [results, left] = await Promise.all([order({ port, ms, streams }), leave(performance.now() + ms)]);
  const statuses = {};
  for (const [status, count] of results.flatMap((each) => Object.entries(each.statuses)))
    statuses[status] = (statuses[status] ?? 0) + count;
  const lost = results.reduce((sum, each) => sum + each.lost, 0);
  const p99 = results[0].accepted.p99 ?? 'no';
  figures.push({ lost, rss: rssMb(server), handles: handles() });
  console.log(
    `minute ${minute}: ${JSON.stringify(statuses)}, left ${left}, lost ${lost}, tiny p99 ${p99} ms, ${rssMb(server)} MB, ${handles()} handles`,
  );
}
await sleep(5000);
// Caches and pools are full by the third minute.
const settled = Math.min(3, figures.length);
const [first, last] = [figures[settled - 1], figures.at(-1)];
const lost = figures.reduce((sum, each) => sum + each.lost, 0);
console.log(
  `lost ${lost}; memory ${first?.rss} MB in minute ${settled}, ${last?.rss} in the last, ${rssMb(server)} idle; handles ${first?.handles}, ${last?.handles}, ${handles()}`,
);
server.child.kill('SIGTERM');
const [code] = await once(server.child, 'exit');
console.log(`ended with ${code}`);
rmSync(folder, { recursive: true, force: true });
process.exitCode = lost > 0 || code !== 0 ? 1 : 0;
