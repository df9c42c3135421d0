// Node's own HTTP server, the runtime and nothing between them: the least that a server in Node.js can do. Tiny runs take place on its
// thread, tensors go to worker threads.
import { createServer } from 'node:http';
import { parseArgs } from 'node:util';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { InferenceSession, Tensor } from 'onnxruntime-node';

const openSession = (model) =>
  InferenceSession.create(model, {
    intraOpNumThreads: 1,
    executionProviders: ['cpu'],
    extra: { session: { intra_op: { allow_spinning: '0' } } },
  });

if (isMainThread) await serve();
else await serveTensors(await openSession(workerData));

async function serve() {
  const names = ['port', 'model', 'work', 'threads'];
  const { values } = parseArgs({ options: Object.fromEntries(names.map((name) => [name, { type: 'string' }])) });
  const { model, work, threads, port } = values;
  const answer = work === 'tensor' ? await startWorkers(model, Number(threads)) : answerJson(await openSession(model));
  const type = work === 'tensor' ? 'application/octet-stream' : 'application/json';
  const server = createServer((request, response) => {
    const body = Buffer.allocUnsafeSlow(Number(request.headers['content-length']));
    let read = 0;
    request.on('data', (piece) => (read += piece.copy(body, read)));
    request.on('end', async () => {
      const bytes = await answer(body);
      response.writeHead(200, { 'content-type': type, 'content-length': bytes.length }).end(bytes);
    });
  });
  server.listen(Number(port), '127.0.0.1');
}

function answerJson(session) {
  return async (body) => {
    const { inputs } = JSON.parse(body);
    const feeds = Object.fromEntries(
      inputs.map(({ name, data, shape }) => [name, new Tensor('int32', Int32Array.from(data), shape)]),
    );
    const outputs = Object.entries(await session.run(feeds)).map(([name, { dims, data }]) => ({
      name,
      datatype: 'INT32',
      shape: dims,
      data: Array.from(data),
    }));
    return Buffer.from(JSON.stringify({ model_name: 'tiny', outputs }));
  };
}

/** Workers that are idle, and bodies that wait for one. */
async function startWorkers(model, threads) {
  const idle = [];
  const waiting = [];
  const hand = (worker, { body, resolve }) => {
    worker.once('message', (bytes) => {
      const next = waiting.shift();
      if (next === undefined) idle.push(worker);
      else hand(worker, next);
      resolve(bytes);
    });
    worker.postMessage(body, [body.buffer]);
  };
  for (let started = 0; started < threads; started += 1) {
    const worker = new Worker(new URL(import.meta.url), { workerData: model, argv: [] });
    await new Promise((resolve) => worker.once('message', resolve));
    idle.push(worker);
  }
  return (body) =>
    new Promise((resolve) => {
      const worker = idle.pop();
      if (worker === undefined) waiting.push({ body, resolve });
      else hand(worker, { body, resolve });
    });
}

async function serveTensors(session) {
  const [input] = session.inputMetadata;
  parentPort.on('message', async ({ buffer }) => {
    const results = await session.run({ [input.name]: new Tensor('float32', new Float32Array(buffer), input.shape) });
    const parts = session.outputNames
      .map((name) => results[name].data)
      .map((d) => new Uint8Array(d.buffer, d.byteOffset, d.byteLength));
    const bytes = new Uint8Array(Buffer.concat(parts));
    parentPort.postMessage(bytes, [bytes.buffer]);
  });
  parentPort.postMessage('ready');
}
