// The servers and threads that loops.js measures: a process with several HTTP loops on one port, and a thread that echoes.
import { once } from 'node:events';
import { createServer } from 'node:http';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';

/** A server of nothing but `node:http`, for tiny JSON, or one that refuses. */
function listen({ port, refuses, reusePort }) {
  const server = createServer((request, response) => {
    const answer = (status, body) => {
      response.writeHead(status, { 'content-type': 'application/json', 'content-length': String(body.length) });
      response.end(body);
    };
    if (refuses) return answer(503, '{"error":"full"}');
    let text = '';
    request.setEncoding('utf8').on('data', (chunk) => (text += chunk));
    request.on('end', () => {
      const [a, b] = JSON.parse(text).inputs.map(({ data }) => data);
      const data = [a.map((value, n) => value + b[n]), a.map((value, n) => value - b[n])];
      answer(
        200,
        JSON.stringify({ outputs: data.map((values) => ({ datatype: 'INT32', shape: [1, 16], data: values })) }),
      );
    });
  });
  return server.listen({ port, host: '127.0.0.1', reusePort });
}

/** In a process of its own: as many loops on one port. */
async function serveLoops({ loops, refuses }) {
  const server = listen({ port: 0, refuses, reusePort: loops > 1 });
  await once(server, 'listening');
  const { port } = server.address();
  const others = Array.from(
    { length: loops - 1 },
    () => new Worker(new URL(import.meta.url), { workerData: { port, refuses } }),
  );
  await Promise.all(others.map((worker) => once(worker, 'message')));
  process.send(port);
}

if (isMainThread) await serveLoops(JSON.parse(process.argv[2]));
else if (workerData === 'echo') {
  const moved = (message) => (message instanceof ArrayBuffer ? [message] : []);
  parentPort.on('message', (message) => parentPort.postMessage(message, moved(message)));
} else listen({ ...workerData, reusePort: true }).on('listening', () => parentPort.postMessage('up'));
