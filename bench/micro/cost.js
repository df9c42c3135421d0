// Measures what requests cost a whole server: CPU time of tiny ones, of two models in turn, and major garbage collections.
// Binary tensors over gRPC are measured beside HTTP: in turn, from one process of clients, with requests a second.
// Usage: node tools/build.js && node bench/micro/cost.js [tiny|turns|gc|grpc] [COUNT]
import { Agent, request } from 'node:http';
import {
  batching,
  binaryRequest,
  cpuUs,
  drive,
  load,
  median,
  models,
  put,
  runJobs,
  serve,
  serveWith,
  sumRequest,
  tensors,
} from './server-process.js';

const clients = 8;
const agent = new Agent({ keepAlive: true, maxSockets: clients });

const pair = (rows) =>
  ['A', 'B'].map((name) => ({
    spec: { name, datatype: 'INT32', shape: [rows, 16] },
    data: new Int32Array(rows * 16).fill(7),
  }));
const floats = { spec: { name: 'X', datatype: 'FP32', shape: [1, 230400] }, data: new Float32Array(230400).fill(0.5) };
const works = {
  'two INT32[1,16]': { model: 'sum', inputs: pair(1) },
  'two INT32[32,16]': { model: 'sum', inputs: pair(32) },
  'FP32[1,230400], 0.9 MB': { model: 'same', inputs: [floats] },
};

/** Sends one request by node:http and reads its answer. */
function viaHttp({ port }, { model, inputs }) {
  const described = inputs.map(({ spec, data }) => ({ ...spec, parameters: { binary_data_size: data.byteLength } }));
  const head = Buffer.from(JSON.stringify({ inputs: described, parameters: { binary_data_output: true } }));
  const body = Buffer.concat([head, ...inputs.map(({ data }) => Buffer.from(data.buffer))]);
  const headers = { 'inference-header-content-length': head.length, 'content-length': body.length };
  const options = { port, agent, method: 'POST', path: `/v2/models/${model}/infer`, headers };
  return () =>
    new Promise((resolve, reject) => {
      const sent = request(options, (answer) => {
        const { statusCode } = answer;
        answer.resume().once('end', () => (statusCode === 200 ? resolve() : reject(new Error(String(statusCode)))));
      });
      sent.once('error', reject).end(body);
    });
}

/** The same by grpc-js. */
function viaGrpc({ client, callOf }, { model, inputs }) {
  const contents = inputs.map(({ data }) => Buffer.from(data.buffer));
  const message = { model_name: model, inputs: inputs.map(({ spec }) => spec), raw_input_contents: contents };
  return () => callOf(client, ['ModelInfer', message]);
}

async function measure(server, one, count) {
  const [beforeUs, startMs] = [cpuUs(server), performance.now()];
  let left = count;
  const ask = async () => {
    while (left-- > 0) await one();
  };
  await Promise.all(Array.from({ length: clients }, ask));
  return { us: (cpuUs(server) - beforeUs) / count, perSecond: (count / (performance.now() - startMs)) * 1000 };
}

/** Tells gRPC's figure, HTTP's, and their ratio. */
function compare(taken, what) {
  const [grpc, http] = [taken.grpc, taken.http].map((rounds) => median(rounds.slice(1).map((round) => round[what])));
  return `${grpc.toFixed(0)} over ${http.toFixed(0)} = ${(grpc / http).toFixed(2)}`;
}

const jobs = {
  /** The server's CPU time for a tiny request, JSON and binary, by clients, and how much that is beyond a bare run in a loop. */
  async tiny() {
    const modelPath = await put('m', models.sumAndDifference, batching);
    const server = await serve();
    const { startRawLoop } = await load('bench/baselines/raw-loop.js');
    const place = { modelPath, logId: 'raw', provider: 'cpu', deviceId: 0, strict: false, optimised: false };
    const raw = await startRawLoop({ spec: { ...place, intraOpThreads: 1 }, threads: 1 });
    const runUs = async () =>
      1000 * (await raw.run({ rows: 1, active: 1, variable: 1, warmupMs: 50, windowMs: 200 })).cpuMs;
    const binary = tensors.map(({ data, ...tensor }) => ({ ...tensor, data: Int32Array.from(data) }));
    const forms = { json: sumRequest('m'), binary: binaryRequest('m', binary) };
    for (const request of Object.values(forms)) await drive(server, request, { concurrency: 16, windowMs: 3000 });
    for (const concurrency of [1, 4, 16, 64]) {
      for (const [form, request] of Object.entries(forms)) {
        const [times, beyond] = [[], []];
        for (let round = 0; round < 7; round += 1) {
          times.push(await cpuOfRequest(server, request, { concurrency }));
          beyond.push(times.at(-1) - (await runUs()));
        }
        const [us, beyondUs] = [times, beyond].map((list) => median(list).toFixed(1));
        console.log(
          `tiny  ${form}, ${concurrency} clients  ${us} us a request, ${beyondUs} beyond a run (${times.map(Math.round)})`,
        );
      }
    }
    await raw.close();
    await server.end();
  },
  /** CPU time of a request to workers: of one model, and of two in turn, each of which the journal has to note. */
  async turns() {
    for (const name of ['a', 'b']) await put(name, models.sumAndDifference, batching);
    const server = await serve('--inline-runs', 'no');
    const works = { one: sumRequest('a'), two: ['a', 'b'].map(sumRequest) };
    const times = { one: [], two: [] };
    for (let round = 0; round < 8; round += 1) {
      for (const [name, request] of Object.entries(works))
        times[name].push(await cpuOfRequest(server, request, { concurrency: 1 }));
    }
    const [one, two] = [median(times.one.slice(1)), median(times.two.slice(1))];
    console.log(
      `turns  two models in turn ${two.toFixed(1)} us, one ${one.toFixed(1)} us, ratio ${(two / one).toFixed(3)}`,
    );
    await server.end();
  },
  /** gRPC beside HTTP, with binary tensors of three sizes, COUNT requests in a turn. */
  async grpc(count = 1000) {
    await put('sum', models.sumAndDifference, { batching: { maxRows: 32 } });
    await put('same', models.identity('FP32', [1, 230400]), { batching: { maxRows: 0 } });
    const server = await serve('--grpc-port', '0');
    const [, address] = await server.next(/"grpcAddress":"([^"]+)"/);
    const { createClient, callOf } = await load('test/support/grpc.js');
    const client = createClient(address);
    for (const [title, work] of Object.entries(works)) {
      const ways = { http: viaHttp(server, work), grpc: viaGrpc({ client, callOf }, work) };
      const taken = { http: [], grpc: [] };
      for (let round = 0; round < 6; round += 1) {
        for (const [way, one] of Object.entries(ways)) taken[way].push(await measure(server, one, count));
      }
      console.log(`grpc  ${title}  CPU us ${compare(taken, 'us')}, requests a second ${compare(taken, 'perSecond')}`);
    }
    client.close();
    agent.destroy();
    await server.end();
  },
  /** Major garbage collections of all threads while COUNT requests of 0.9 MB pass, after as many to settle. */
  async gc(count = 2000) {
    await put('big', models.identity('FP32', [1, 230400]), { batching: { maxRows: 0 } });
    const data = new Float32Array(230400).fill(0.5);
    const request = binaryRequest('big', [{ name: 'X', datatype: 'FP32', shape: [1, 230400], data }]);
    const server = await serveWith(['--trace-gc']);
    const pass = async () => {
      let done = 0;
      while (done < count) done += (await drive(server, request, { concurrency: 4, windowMs: 1000 })).answered;
      return done;
    };
    await pass();
    const before = server.collections();
    const done = await pass();
    const collections = server.collections() - before;
    console.log(
      `gc  ${collections} major collections in ${done} requests, ${((1000 * collections) / done).toFixed(2)} in 1,000`,
    );
    await server.end();
  },
};

/** CPU time of the server for one request, in microseconds. */
async function cpuOfRequest(server, request, { concurrency }) {
  const before = cpuUs(server);
  const { answered } = await drive(server, request, { concurrency, windowMs: 800, warmupMs: 0 });
  return (cpuUs(server) - before) / answered;
}

await runJobs(jobs, process.argv.slice(2));
