// Measures a whole server as a process: memory over many requests and clients that leave, many models, the access log, the
// event loop's delay under large JSON bodies, reloads under load, and what batching is worth. One figure or pair of figures a line.
// Usage: node tools/build.js && node bench/micro/server.js [soak|leavers|models|log|json|reload|batching] [COUNT]
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import {
  batching,
  binaryRequest,
  drive,
  handles,
  load,
  median,
  models,
  put,
  rssMb,
  runJobs,
  serve,
  start,
  sumRequest,
  wire,
} from './server-process.js';

const self = fileURLToPath(import.meta.url);
const { send } = await load('test/support/http.js');

const jobs = {
  /** Resident memory while COUNT tiny requests pass. */
  async soak(count = 200_000) {
    await put('m', models.sumAndDifference, batching);
    const server = await serve();
    let done = 0;
    const figures = [];
    while (done < count) {
      done += (await drive(server, sumRequest('m'), { windowMs: 4000 })).answered;
      figures.push(`${Math.round(done / 1000)}k ${rssMb(server)} MB`);
    }
    await sleep(1000);
    console.log(`soak  ${figures.join(', ')}; 1 s later ${rssMb(server)} MB, ${handles(server)} handles`);
    await server.end();
  },
  /** Memory and open handles after COUNT clients that left with their request sent. */
  async leavers(count = 1000) {
    await put('slow', models.slowProduct(2), { batching: { maxRows: 0, maxQueueRows: 5000 } });
    const server = await serve();
    const { bytes } = wire(
      '/v2/models/slow/infer',
      '{"inputs":[{"name":"X","datatype":"FP32","shape":[1],"data":[1]}]}',
    );
    const leave = async () => {
      const socket = connect(server.port, '127.0.0.1').on('error', () => undefined);
      await once(socket, 'connect');
      await new Promise((resolve) => socket.write(bytes, resolve));
      socket.destroy();
    };
    const figures = [`before ${rssMb(server)} MB ${handles(server)} handles`];
    for (let round = 1; round <= 3; round += 1) {
      for (let left = 0; left < count; left += 50) await Promise.all(Array.from({ length: 50 }, leave));
      await sleep(1000);
      figures.push(`after ${round * count}: ${rssMb(server)} MB ${handles(server)} handles`);
    }
    console.log(`leavers  ${figures.join(', ')}`);
    await server.end();
  },
  /** Requests a second of one busy model: alone, and among COUNT loaded ones, in turn. */
  async models(count = 64) {
    await put('m', models.sumAndDifference, batching);
    const rates = { alone: [], among: [] };
    const alone = await serve();
    for (let n = 1; n < count; n += 1) await put(`m${n}`, models.sumAndDifference, batching);
    const among = await serve();
    for (let round = 0; round < 5; round += 1) {
      rates.alone.push((await drive(alone, sumRequest('m'))).perSecond);
      rates.among.push((await drive(among, sumRequest('m'))).perSecond);
    }
    report(`models  1 of ${count}`, rates.among, rates.alone);
    console.log(`models  memory of ${count}: ${rssMb(among)} MB, of 1: ${rssMb(alone)} MB`);
    await Promise.all([alone.end(), among.end()]);
  },
  /** Requests a second with and without the access log, in turn. */
  async log() {
    await put('m', models.sumAndDifference, batching);
    const [off, on] = [await serve(), await serve('--access-log')];
    const rates = { off: [], on: [] };
    for (let round = 0; round < 5; round += 1) {
      rates.off.push((await drive(off, sumRequest('m'))).perSecond);
      rates.on.push((await drive(on, sumRequest('m'))).perSecond);
    }
    report('log  access log on', rates.on, rates.off);
    await Promise.all([off.end(), on.end()]);
  },
  /** Delay of the event loop while 8 clients send JSON of 150,528 floats: the server's, and at its rate an echo server's that parses nothing. */
  async json() {
    await put('echo', models.identity('FP32', [1, 150528]), { batching: { maxRows: 0 } });
    const data = Array.from({ length: 150528 }, () => Math.fround(Math.random()));
    const inputs = [{ name: 'X', datatype: 'FP32', shape: [1, 150528], data }];
    const request = wire('/v2/models/echo/infer', JSON.stringify({ inputs }));
    const [server, echo] = [await serve(), await start([self, '--echo'], /^(http\S+)$/m)];
    for (let round = 0; round < 3; round += 1) {
      let rate;
      for (const [name, target] of Object.entries({ server, echo })) {
        await target.loopDelay();
        const { perSecond, statuses } = await drive(target, request, { concurrency: 8, windowMs: 3000, rate });
        rate = perSecond;
        const { p50, p99, max } = await target.loopDelay();
        const times = `p50 ${p50.toFixed(2)} p99 ${p99.toFixed(2)} max ${max.toFixed(2)} ms`;
        console.log(`json  ${name}  loop delay ${times}, ${perSecond} requests/s, ${JSON.stringify(statuses)}`);
      }
    }
    await Promise.all([server.end(), echo.end()]);
  },
  /** Requests of one row from COUNT clients to a model that batches, and to the same that does not, in turn. */
  async batching(count = 32) {
    const { buildPerceptron } = await load('bench/models/perceptron.js');
    const { buildEncoder } = await load('bench/models/encoder.js');
    const size = { layers: 2, hidden: 128, heads: 4, vocabulary: 1000, tokens: 16 };
    const row = { features: new Float32Array(784).fill(0.5), input_ids: new BigInt64Array(16).fill(7n) };
    const graphs = { perceptron: buildPerceptron(3, [784, 1024, 1024, 10]), encoder: buildEncoder(2, size) };
    for (const [name, graph] of Object.entries(graphs)) {
      await put(`${name}-on`, graph, { batching: { maxRows: 32 } });
      await put(`${name}-off`, graph, { batching: { maxRows: 0 } });
    }
    const server = await serve();
    for (const [name, graph] of Object.entries(graphs)) {
      const [{ name: input, datatype }] = graph.inputs;
      const data = row[input];
      const requestOf = (model) => binaryRequest(model, [{ name: input, datatype, shape: [1, data.length], data }]);
      const taken = { on: [], off: [] };
      for (let round = 0; round < 9; round += 1) {
        for (const [state, rounds] of Object.entries(taken)) {
          rounds.push(await drive(server, requestOf(`${name}-${state}`), { concurrency: count, windowMs: 1000 }));
        }
      }
      const [on, off] = [taken.on, taken.off].map((rounds) => rounds.slice(2));
      const what = (key, rounds) => rounds.map((round) => round[key]);
      report(`batching  ${name} on, ${count} clients`, what('perSecond', on), what('perSecond', off));
      const p99 = (rounds) => median(what('p99Ms', rounds)).toFixed(1);
      console.log(`batching  ${name} p99 ${p99(on)} ms on, ${p99(off)} ms off`);
    }
    await server.end();
  },
  /** COUNT reloads of a changed model under the load of 8 clients: every status that they saw. */
  async reload(count = 20) {
    const path = await put('m', models.sumAndDifference, batching);
    const server = await serve();
    const { writeOnnx } = await load('src/model/onnx/writer.js');
    let reloads = 0;
    const driven = drive(server, sumRequest('m'), { concurrency: 8, windowMs: 12_000, warmupMs: 0 });
    for (; reloads < count; reloads += 1) {
      writeFileSync(path, writeOnnx({ ...models.sumAndDifference, name: `sum-${reloads}` }));
      const { status } = await send(server.url, { path: '/v2/repository/models/m/load', body: '' });
      if (status !== 200) throw new Error(`load answered ${status}`);
      await sleep(100);
    }
    const { statuses, answered } = await driven;
    console.log(`reload  ${reloads} reloads under ${answered} requests: ${JSON.stringify(statuses)}`);
    await server.end();
  },
};

function report(name, values, others) {
  const ratio = median(values.map((value, round) => value / others[round])).toFixed(3);
  console.log(`${name}  ${median(values)}/s against ${median(others)}/s, ratio ${ratio}  (${values} | ${others})`);
}

function echo() {
  const server = createServer((request, response) => {
    const chunks = [];
    request.on('data', (chunk) => chunks.push(chunk)).on('end', () => response.end(Buffer.concat(chunks)));
  });
  server.listen(0, '127.0.0.1', () => process.stderr.write(`http://127.0.0.1:${server.address().port}\n`));
  process.on('SIGTERM', () => process.exit(0));
}

const [, , ...wanted] = process.argv;
if (wanted[0] === '--echo') echo();
else await runJobs(jobs, wanted);
