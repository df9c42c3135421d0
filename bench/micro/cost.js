// Measures what requests cost a whole server: CPU time of tiny ones, of two models in turn, and major garbage collections.
// Usage: node tools/build.js && node bench/micro/cost.js [tiny|turns|gc] [COUNT]
import {
  batching,
  binaryRequest,
  cpuUs,
  drive,
  median,
  models,
  put,
  runJobs,
  serve,
  serveWith,
  sumRequest,
  tensors,
} from './server-process.js';

const jobs = {
  /** The server's CPU time for a tiny request, JSON and binary, by clients. */
  async tiny() {
    await put('m', models.sumAndDifference, batching);
    const server = await serve();
    const binary = tensors.map(({ data, ...tensor }) => ({ ...tensor, data: Int32Array.from(data) }));
    const forms = { json: sumRequest('m'), binary: binaryRequest('m', binary) };
    for (const request of Object.values(forms)) await drive(server, request, { concurrency: 16, windowMs: 3000 });
    for (const concurrency of [1, 4, 16, 64]) {
      for (const [form, request] of Object.entries(forms)) {
        const times = [];
        for (let round = 0; round < 5; round += 1) times.push(await cpuOfRequest(server, request, { concurrency }));
        console.log(
          `tiny  ${form}, ${concurrency} clients  ${median(times).toFixed(1)} us a request (${times.map(Math.round)})`,
        );
      }
    }
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
