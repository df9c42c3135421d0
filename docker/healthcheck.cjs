// Healthy: the server is ready, or serves all but models that failed for good, takes connections at its port for gRPC where it has one, and, where some
// model takes small numeric tensors, answers one real inference. Where it has a port for health, that is asked instead: a thread of its own answers
// there, so that load is never taken for a fault by what ends servers that are ill.
// CommonJS and node:http only: starting this costs half of what ES modules with fetch do.
'use strict';
const process = require('node:process');
const { readFileSync } = require('node:fs');
const { connect } = require('node:net');
const { setTimeout } = require('node:timers');

/** The server's arguments: of the container's first process, and for trials this one's own. */
function readArguments() {
  try {
    return [...process.argv.slice(2), ...readFileSync('/proc/1/cmdline', 'utf8').split('\0')];
  } catch {
    return process.argv.slice(2);
  }
}
const args = readArguments();

/** What the server was given for a flag: the flag, else its variable. */
function optionOf(name) {
  const [flag, variable] = [`--${name}`, `SLIPWAY_${name.replaceAll('-', '_').toUpperCase()}`];
  const at = args.indexOf(flag);
  const given = at >= 0 ? args[at + 1] : args.find((arg) => arg.startsWith(`${flag}=`))?.slice(flag.length + 1);
  return given ?? process.env[variable] ?? '';
}

const http = optionOf('tls-cert') === '' ? require('node:http') : require('node:https');
const port = /^\d+$/.test(optionOf('port')) ? Number(optionOf('port')) : 8000;
const host = { '': '127.0.0.1', '0.0.0.0': '127.0.0.1', '::': '::1' }[optionOf('host')] ?? optionOf('host');
const prefix = optionOf('base-path').replace(/\/$/, '');
const [keys, keysFile, healthModel] = [
  optionOf('api-keys'),
  optionOf('api-keys-file'),
  process.env.SLIPWAY_HEALTH_MODEL,
];
const timeoutMs = 4000;
/** Largest tensor that is made up for the check, in elements. */
const maxElements = 65_536;

/** The first key that stands there itself: of one that is kept as its digest nothing can be shown, and readiness alone is judged. */
function readKey() {
  const first = (texts) =>
    texts
      .map((text) => text.replace(/(^|\s)#.*$/, '').trim())
      .map((text) => /^[\w.@-]+:(?:predict|admin):(\S+)$/.exec(text)?.[1] ?? text)
      .find((key) => key !== '' && !key.startsWith('sha256:'));
  if (keys) return first(keys.split(','));
  return keysFile && first(readFileSync(keysFile, 'utf8').split('\n'));
}

// It asks its own process on this machine, whose certificate is for the names by which others call it.
const agent = new http.Agent({ keepAlive: true, rejectUnauthorized: false });
const key = readKey();

/** What is wrong with the port for gRPC, which is the same server's: whether it is ready, HTTP has said. */
function tryGrpc() {
  const grpcPort = Number(optionOf('grpc-port'));
  if (!(grpcPort > 0)) return undefined;
  return new Promise((resolve) => {
    const socket = connect({ host, port: grpcPort }, () => {
      socket.destroy();
      resolve(undefined);
    });
    socket.on('error', ({ message }) => resolve(`no answer at the port for gRPC: ${message}`));
  });
}

function ask(method, path, body) {
  return askAt({ client: http, agent, port }, method, { path, body });
}

function askAt({ client, agent, port }, method, { path, body }) {
  return new Promise((resolve, reject) => {
    const headers = {
      ...(body ? { 'content-type': 'application/json' } : {}),
      ...(key ? { authorization: `Bearer ${key}` } : {}),
    };
    const request = client.request({ host, port, method, path: prefix + path, headers, agent }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part) => (text += part));
      response.on('end', () => resolve({ status: response.statusCode, text }));
    });
    request.on('error', reject).end(body);
  });
}

/** A request of zeros for a model's inputs, or undefined where an image, text or a large tensor is asked for. */
function zerosFor({ inputs }) {
  const made = [];
  for (const { name, datatype, shape } of inputs) {
    const sizes = shape.map((size) => (size < 0 ? 1 : size));
    const count = sizes.reduce((product, size) => product * size, 1);
    if (datatype === 'BYTES' || count > maxElements) return undefined;
    made.push({ name, datatype, shape: sizes, data: Array(count).fill(datatype === 'BOOL' ? false : 0) });
  }
  return JSON.stringify({ inputs: made });
}

/** Names to try: the one that was set, else whatever is ready. */
async function listModels() {
  if (healthModel) return [healthModel];
  const { status, text } = await ask('POST', '/v2/repository/index', '{"ready":true}');
  return status === 200 ? [...new Set(JSON.parse(text).map(({ name }) => name))] : [];
}

/** Whether the start is over and some models serve beside broken ones: a new start would change nothing. */
function servesSome(text) {
  try {
    return JSON.parse(text).state === 'degraded';
  } catch {
    return false;
  }
}

/** Ready, or serving some models while its HTTP thread still turns. */
async function checkHealthPort() {
  const at = { client: require('node:http'), agent: undefined, port: healthPort };
  const ready = await askAt(at, 'GET', { path: '/v2/health/ready' });
  if (ready.status === 200) return undefined;
  if (!servesSome(ready.text)) return `not ready: ${ready.text.slice(0, 300)}`;
  const live = await askAt(at, 'GET', { path: '/v2/health/live' });
  return live.status === 200 ? undefined : `not alive: ${live.text.slice(0, 300)}`;
}

const healthPort = Number(optionOf('health-port'));

async function check() {
  if (healthPort > 0) return (await checkHealthPort()) ?? tryGrpc();
  const ready = await ask('GET', '/v2/health/ready');
  if (ready.status !== 200 && !servesSome(ready.text)) return `not ready: ${ready.text.slice(0, 300)}`;
  const noGrpc = await tryGrpc();
  if (noGrpc !== undefined) return noGrpc;
  for (const name of (await listModels()).slice(0, 8)) {
    const path = `/v2/models/${encodeURIComponent(name)}`;
    const model = await ask('GET', path);
    const body = model.status === 200 ? zerosFor(JSON.parse(model.text)) : undefined;
    if (body === undefined) continue;
    const { status, text } = await ask('POST', `${path}/infer`, body);
    // A full queue (429, 503) is work, and a refused request (4xx) a model's own rule about its values: neither is illness.
    return status >= 500 && status !== 503 ? `${name} answered ${status}: ${text.slice(0, 300)}` : undefined;
  }
  return undefined;
}

function end(fault) {
  if (fault) process.stdout.write(`${fault}\n`);
  process.exit(fault ? 1 : 0);
}

setTimeout(() => end(`no answer within ${timeoutMs} ms`), timeoutMs);
check().then(end, (error) => end(`no answer at ${host}:${healthPort > 0 ? healthPort : port}: ${error.message}`));
