// Lists the files of src whose functions are called, as V8 counts them: `node tools/way.js`. On the HTTP thread of a warm server for one
// request, a binary tensor and a JPEG, each handed to a worker; and for one launch, `launch --variant native --dry-run`.
import { spawnSync } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { Session } from 'node:inspector/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildIfStale } from './build.js';

/** Requests before the one that counts, and how many are counted: what a timer adds is not in all of them. */
const [warmUp, counted] = [100, 5];

await buildIfStale();
const { serve } = await import('../dist/src/server/in-process.js');
const server = await serve({ port: 0 });
await server.ready;
const session = new Session();
session.connect();
await session.post('Profiler.enable');
for (const request of [binaryTensor(), await jpeg()]) {
  print(request.path, await listFiles(request));
}
await server.stop();
print('launch --variant native --dry-run', await listLaunchFiles());

function binaryTensor() {
  const [values, input] = [new Float32Array(28 * 28), { name: 'image', datatype: 'FP32', shape: [1, 1, 28, 28] }];
  const head = JSON.stringify({
    inputs: [{ ...input, parameters: { binary_data_size: values.byteLength } }],
    parameters: { binary_data_output: true },
  });
  const headers = { 'inference-header-content-length': String(Buffer.byteLength(head)) };
  return {
    path: '/v2/models/digits/infer',
    headers,
    body: Buffer.concat([Buffer.from(head), Buffer.from(values.buffer)]),
  };
}

async function jpeg() {
  const body = await readFile(fileURLToPath(new URL('../bench/images/scene-1.jpg', import.meta.url)));
  return { path: '/predictions/digits', headers: {}, body };
}

async function send({ path, headers, body }) {
  const response = await fetch(`${server.url}${path}`, { method: 'POST', headers, body });
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
  await response.arrayBuffer();
}

/** Files of src in which every counted request called a function. */
async function listFiles(request) {
  for (let n = 0; n < warmUp; n += 1) await send(request);
  let common;
  for (let n = 0; n < counted; n += 1) {
    await session.post('Profiler.startPreciseCoverage', { callCount: true });
    await send(request);
    const { result } = await session.post('Profiler.takePreciseCoverage');
    await session.post('Profiler.stopPreciseCoverage');
    const files = filesOf(result, () => true);
    common = new Set(files.filter((file) => common?.has(file) ?? true));
  }
  return [...common].sort();
}

/** Without what only defines commands: every start reads the definitions of all. */
async function listLaunchFiles() {
  const folder = await mkdtemp(join(tmpdir(), 'slipway-way-'));
  const launch = fileURLToPath(new URL('../bin/launch.js', import.meta.url));
  const env = { ...process.env, NODE_V8_COVERAGE: folder };
  spawnSync(process.execPath, [launch, '--variant', 'native', '--dry-run'], { env });
  const texts = await Promise.all((await readdir(folder)).map((name) => readFile(join(folder, name), 'utf8')));
  await rm(folder, { recursive: true });
  // The body of a module has no name.
  const files = texts.flatMap((text) => filesOf(JSON.parse(text).result, ({ functionName }) => functionName !== ''));
  return [...new Set(files)].filter((file) => !/^(launch\/commands\/(?!up\/)|command-line\/)/.test(file)).sort();
}

/** Files of src with a function that was called. */
function filesOf(scripts, counts) {
  const isCalled = (each) => each.ranges[0].count > 0 && counts(each);
  const called = scripts.filter(({ functions }) => functions.some(isCalled));
  return called.flatMap(({ url }) => /\/dist\/src\/(.+)\.js$/.exec(url)?.[1] ?? []);
}

function print(what, files) {
  console.log(`${what}: ${files.length} files`);
  const folders = new Map();
  for (const file of files) {
    const at = file.lastIndexOf('/');
    const folder = file.slice(0, Math.max(at, 0));
    folders.set(folder, [...(folders.get(folder) ?? []), file.slice(at + 1)]);
  }
  for (const [folder, names] of folders) console.log(`  ${folder}: ${names.join(', ')}`);
}
