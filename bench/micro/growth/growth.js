// Measures how cost grows: with the tensor, with the model, with the models loaded, with open connections and with the rows of a request.
// Usage: node tools/build.js && node bench/micro/growth/growth.js [tensor|model|models|connections|rows ...] [--quick] [--json FILE] [--svg FOLDER]
// Every point stands beside what it can be judged by: an echo server, the bare runtime, or the first point of the line.
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { drive, inTurn, request } from './growth-drive.js';
import { standalone } from './growth-plot.js';
import { load, rssMb, serverArgs, serverUrl, startProcess } from '../process.js';

const self = fileURLToPath(import.meta.url);
const { Histogram } = await load('bench/stats/histogram.js');
const { startRawLoop } = await load('bench/baselines/raw-loop.js');
const { buildPerceptron } = await load('bench/models/perceptron.js');
const models = await load('test/support/models.js');

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: 'boolean', default: false },
    echo: { type: 'boolean', default: false },
    json: { type: 'string' },
    svg: { type: 'string' },
  },
});
const rounds = flags.quick ? 1 : 5;
const windowMs = flags.quick ? 300 : 1000;
const folder = mkdtempSync(join(tmpdir(), 'slipway-growth-'));

const serve = (...flags) => startProcess(serverArgs(folder, flags), serverUrl);
const startEcho = () => startProcess([self, '--echo'], /^(http\S+)$/m);

const put = (name, graph, config) => models.putModel(folder, { name, graph, config });
const raw = (modelPath, threads = 1) =>
  startRawLoop({
    spec: { modelPath, logId: 'raw', provider: 'cpu', deviceId: 0, strict: false, intraOpThreads: 1, optimised: false },
    threads,
  });

/** Points of a line: [x, y]. */
const line = (name, color, points) => ({ name, color, points });
const dashed = (name, color, points) => ({ name, color, points, dash: 'dashed' });

/** A connection that had one answer and stays open. */
async function openConnection({ port }) {
  const socket = connect(port, '127.0.0.1').on('error', (error) => console.error(error.message));
  socket.write('GET /v2/health/live HTTP/1.1\r\nhost: localhost\r\n\r\n');
  await once(socket, 'data');
  return socket;
}

const jobs = {
  /** Latency of one client with FP32 [1,N] in and out, as binary data and as JSON, beside a Node.js server that echoes the same bytes. */
  async tensor() {
    await put('echo', models.identity('FP32', ['rows', 'width']), { batching: { maxRows: 0 } });
    const [server, echo] = [await serve(), await startEcho()];
    const sizes = flags.quick ? [16, 4096] : [16, 256, 4096, 65_536, 262_144, 1_048_576, 4_194_304];
    const points = [];
    for (const size of sizes) {
      const wire = (form) => request({ model: 'echo', input: 'X', shape: [1, size], form });
      const participants = {
        binary: () => drive(server, wire('binary'), { windowMs }),
        echo: () => drive(echo, wire('binary'), { windowMs }),
      };
      if (size <= 262_144) {
        participants.json = () => drive(server, wire('json'), { windowMs });
        participants.jsonEcho = () => drive(echo, wire('json'), { windowMs });
      }
      points.push({ x: size, ...(await inTurn(rounds, participants)) });
    }
    await Promise.all([server.end(), echo.end()]);
    const of = (name) => points.filter((p) => p[name]).map((p) => [p.x, p[name].p50Ms]);
    const lines = [
      line('binary data', 0, of('binary')),
      dashed('echo server, the same bytes', 0, of('echo')),
      line('JSON', 1, of('json')),
      dashed('echo server, the same JSON', 1, of('jsonEcho')),
    ];
    return {
      points,
      plot: { title: 'Latency by tensor size', xLabel: 'FP32 values in and out', yLabel: 'p50, ms', lines },
    };
  },
  /** Latency, load time and memory by the weights of a perceptron, beside the bare runtime. */
  async model() {
    const widths = flags.quick ? [64, 512] : [64, 256, 1024, 2048, 4096];
    const points = [];
    for (const width of widths) {
      for (const name of readdirSync(folder)) rmSync(join(folder, name), { recursive: true });
      const path = await put('m', buildPerceptron(3, [width, width, width, 16]));
      const [server, bare] = [await serve('--workers', '1'), await raw(path)];
      const wire = request({ model: 'm', input: 'features', shape: [1, width], form: 'binary' });
      const measured = await inTurn(rounds, {
        served: () => drive(server, wire, { windowMs }),
        bare: async () => {
          const { latencies } = await bare.run({ rows: 1, variable: 1, active: 1, warmupMs: 100, windowMs });
          const histogram = new Histogram();
          histogram.merge(latencies);
          return { p50Ms: histogram.percentileMs(50) };
        },
      });
      points.push({ x: (width * width * 2 * 4) / 1e6, ...measured, startMs: server.startMs, rssMb: rssMb(server) });
      await Promise.all([server.end(), bare.close()]);
    }
    const of = (name) => points.map((p) => [p.x, p[name].p50Ms]);
    const lines = [line('served, one client', 0, of('served')), dashed('the bare runtime', 0, of('bare'))];
    return { points, plot: { title: 'Latency by model size', xLabel: 'MB of weights', yLabel: 'p50, ms', lines } };
  },
  /** Start and memory by the number of models, and the rate of one busy model among them. */
  async models() {
    const counts = flags.quick ? [1, 8] : [1, 4, 16, 64, 256];
    const points = [];
    let have = 0;
    for (const count of counts) {
      for (; have < count; have += 1) await put(`m${have}`, models.sumAndDifference);
      const server = await serve();
      const tensor = { datatype: 'INT32', shape: [1, 16], data: Array.from({ length: 16 }, (_, n) => n - 8) };
      const body = JSON.stringify({ inputs: ['A', 'B'].map((name) => ({ name, ...tensor })) });
      const wire = {
        bytes: Buffer.from(
          `POST /v2/models/m0/infer HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
        ),
      };
      const { busy } = await inTurn(rounds, { busy: () => drive(server, wire, { clients: 4, windowMs }) });
      points.push({ x: count, busy, startMs: server.startMs, rssMb: rssMb(server) });
      await server.end();
    }
    const lines = [
      line(
        'start to ready, ms',
        0,
        points.map((p) => [p.x, p.startMs]),
      ),
      line(
        'memory, MB',
        1,
        points.map((p) => [p.x, p.rssMb]),
      ),
      line(
        'answers/s of one busy model',
        2,
        points.map((p) => [p.x, p.busy.perSecond]),
      ),
    ];
    return {
      points,
      plot: { title: 'Start, memory and rate by models', xLabel: 'models loaded', yLabel: 'ms, MB, answers/s', lines },
    };
  },
  /** Memory by idle connections, and the latency of one busy client beside them. */
  async connections() {
    await put('m', models.identity('FP32', ['rows', 16]));
    const server = await serve();
    const wire = request({ model: 'm', input: 'X', shape: [1, 16], form: 'binary' });
    const sockets = [];
    const points = [];
    await drive(server, wire, { windowMs });
    const baseMb = rssMb(server);
    for (const count of flags.quick ? [1, 100] : [1, 100, 1000, 5000, 9000]) {
      while (sockets.length < count) sockets.push(await openConnection(server));
      const { busy } = await inTurn(rounds, { busy: () => drive(server, wire, { windowMs }) });
      const mb = rssMb(server);
      points.push({ x: count, busy, rssMb: mb, kbEach: ((mb - baseMb) * 1024) / count });
    }
    for (const socket of sockets) socket.destroy();
    await server.end();
    const lines = [
      line(
        'memory, MB',
        1,
        points.map((p) => [p.x, p.rssMb]),
      ),
      line(
        'p50 of a busy client, us',
        0,
        points.map((p) => [p.x, p.busy.p50Ms * 1000]),
      ),
    ];
    return {
      points,
      plot: {
        title: 'Memory and latency by idle connections',
        xLabel: 'idle connections',
        yLabel: 'MB, microseconds',
        lines,
      },
    };
  },
  /** Rows a second by the rows of a request, beside the bare runtime with as many threads. */
  async rows() {
    const path = await put('m', buildPerceptron(3, [784, 1024, 1024, 10]));
    const [server, bare] = [await serve(), await raw(path, cpus().length)];
    const points = [];
    for (const rows of flags.quick ? [1, 8] : [1, 2, 4, 8, 16, 32, 64]) {
      const wire = request({ model: 'm', input: 'features', shape: [rows, 784], form: 'binary' });
      const clients = 2 * cpus().length;
      const measured = await inTurn(rounds, {
        served: async () => ({ perSecond: rows * (await drive(server, wire, { clients, windowMs })).perSecond }),
        bare: async () => {
          const window = await bare.run({ rows, variable: 1, active: cpus().length, warmupMs: 100, windowMs });
          return { perSecond: (rows * window.runs * 1000) / window.elapsedMs };
        },
      });
      points.push({ x: rows, ...measured });
    }
    await Promise.all([server.end(), bare.close()]);
    const of = (name) => points.map((p) => [p.x, p[name].perSecond]);
    const lines = [line('served', 0, of('served')), dashed('the bare runtime', 0, of('bare'))];
    return { points, plot: { title: 'Rows a second by batch', xLabel: 'rows per request', yLabel: 'rows/s', lines } };
  },
};

function echo() {
  const server = createServer((incoming, response) => {
    const chunks = [];
    incoming.on('data', (chunk) => chunks.push(chunk)).on('end', () => response.end(Buffer.concat(chunks)));
  });
  server.listen(0, '127.0.0.1', () => process.stderr.write(`http://127.0.0.1:${server.address().port}\n`));
  process.on('SIGTERM', () => process.exit(0));
}

if (flags.echo) {
  echo();
} else {
  const unknown = positionals.filter((name) => !(name in jobs));
  if (unknown.length > 0) {
    console.error(`${unknown.join(', ')}: there are ${Object.keys(jobs).join(', ')}`);
    process.exit(2);
  }
  const report = {
    at: new Date().toISOString(),
    cpu: cpus()[0]?.model,
    cpus: cpus().length,
    node: process.version,
    loadBefore: loadavg()[0],
  };
  try {
    for (const [name, run] of Object.entries(jobs)) {
      if (positionals.length > 0 && !positionals.includes(name)) continue;
      for (const old of readdirSync(folder)) rmSync(join(folder, old), { recursive: true });
      const { points, plot } = await run();
      report[name] = points;
      for (const point of points)
        console.log(
          name,
          JSON.stringify(point, (_, v) => (typeof v === 'number' ? Number(v.toPrecision(4)) : v)),
        );
      if (flags.svg !== undefined) {
        mkdirSync(flags.svg, { recursive: true });
        writeFileSync(join(flags.svg, `growth-${name}.svg`), standalone(plot));
      }
    }
    report.loadAfter = loadavg()[0];
    if (flags.json !== undefined) writeFileSync(flags.json, `${JSON.stringify(report, undefined, 2)}\n`);
    console.log(`load average ${report.loadBefore.toFixed(1)} before, ${report.loadAfter.toFixed(1)} after`);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
