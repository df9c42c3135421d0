// Counts requests that fail while native servers take each other's place (`launch up --replace`) under load: two clients on kept
// connections, four with a new connection for each request, so that some arrive at the moment the listener changes hands.
// Usage: node bench/micro/replace.js PORT [TIMES]
import { spawn } from 'node:child_process';
import { Agent, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

const [, , port = '', times = '2'] = process.argv;
if (!(Number(port) > 0 && Number(times) > 0)) {
  console.error(`Expected PORT [TIMES], received ${process.argv.slice(2).join(' ')}.`);
  process.exit(2);
}
const name = 'replace-bench';
const data = Array.from({ length: 784 }, () => 0);
const body = JSON.stringify({ inputs: [{ name: 'image', datatype: 'FP32', shape: [1, 1, 28, 28], data }] });
const counts = {};
let isOver = false;

/** A status, or the code of what broke. */
function ask(agent) {
  return new Promise((resolve) => {
    const sent = request({ port, agent, method: 'POST', path: '/v2/models/digits/infer' }, (answer) =>
      answer
        .on('end', () => resolve(answer.statusCode))
        .on('error', ({ code }) => resolve(code))
        .resume(),
    );
    sent.on('error', ({ code }) => resolve(code)).end(body);
  });
}

async function client(keepAlive) {
  const agent = new Agent({ keepAlive });
  while (!isOver) {
    const what = `${keepAlive ? 'kept' : 'new'} ${await ask(agent)}`;
    counts[what] = (counts[what] ?? 0) + 1;
    await sleep(5);
  }
  agent.destroy();
}

async function launch(...args) {
  const child = spawn(process.execPath, ['bin/launch.js', ...args], { stdio: ['ignore', 'ignore', 'inherit'] });
  const code = await new Promise((resolve) => child.once('close', resolve));
  if (code !== 0) throw new Error(`launch ${args.join(' ')} ended with ${code}`);
}

const up = ['up', '--variant', 'native', '-d', '--name', name, '-p', `${port}:8000`];
await launch(...up);
const clients = [true, true, false, false, false, false].map(client);
try {
  for (let time = 0; time < Number(times); time += 1) {
    await launch(...up, '--replace');
    await sleep(1500);
  }
} finally {
  isOver = true;
  await Promise.all(clients);
  await launch('stop', name);
}
console.log(JSON.stringify(counts));
