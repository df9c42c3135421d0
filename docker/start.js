#!/usr/local/bin/node
// The image's entry, and its command `slipway`: serves the models that are mounted at /srv/models or /srv; where nothing is mounted there,
// the bundled ones. Its first word may be a command, as of `slipway` elsewhere.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { asking, looking } from '../bin/commands.cjs';
import { findCompat, startAgainWith } from './cuda-compat.js';

const places = ['/srv/models', '/srv'];

function list(folder) {
  try {
    return readdirSync(folder).filter((name) => !name.startsWith('.'));
  } catch (error) {
    const isNoFolder = error.code === 'ENOENT' || error.code === 'ENOTDIR';
    if (!isNoFolder) process.stderr.write(`slipway: ${folder} cannot be read (${error.message}).\n`);
    return [];
  }
}

/** Whether a folder holds models: NAME.onnx, NAME/model.onnx or NAME/VERSION/model.onnx; or pipelines of them. */
function holdsModels(folder) {
  return list(folder).some((name) => {
    if (name.endsWith('.onnx')) return true;
    const files = list(`${folder}/${name}`);
    if (files.includes('pipeline.json')) return true;
    const versions = files.filter((file) => /^[1-9]\d*$/.test(file));
    const holds = (inside) => inside.includes('model.onnx');
    return holds(files) || versions.some((version) => holds(list(`${folder}/${name}/${version}`)));
  });
}

/** Where something of the user's is mounted under /srv (mountinfo's fifth field, proc(5)). */
function findMount() {
  const lines = existsSync('/proc/self/mountinfo') ? readFileSync('/proc/self/mountinfo', 'utf8').split('\n') : [];
  const targets = lines.map((line) => line.split(' ')[4] ?? '');
  return targets.find((target) => target === '/srv' || /^\/srv\/models(\/|$)/.test(target));
}

/** The folder to serve; undefined: the bundled models, which never stand in for a mount. */
function chooseModels() {
  const found = places.find(holdsModels);
  const mount = findMount();
  if (found !== undefined || mount === undefined) return found;
  const expected = 'Expected NAME/model.onnx or NAME.onnx in /srv/models or /srv';
  process.stderr.write(`slipway: ${mount} is mounted, but holds no model, so none is served. ${expected}.\n`);
  return existsSync(places[0]) ? places[0] : places[1];
}

/** One line where this is a CUDA image in a container without a GPU: what it means, and the fix. */
function warnOfNoGpu() {
  const provider = '../node_modules/onnxruntime-node/bin/napi-v6/linux/x64/libonnxruntime_providers_cuda.so';
  if (!existsSync(new URL(provider, import.meta.url)) || existsSync('/dev/nvidiactl') || existsSync('/dev/dxg')) return;
  const mayUseCpu = /^(?:false|0|no|off)$/i.test(process.env.SLIPWAY_REQUIRE_GPU ?? '');
  const meaning = mayUseCpu
    ? 'the CPU computes, because SLIPWAY_REQUIRE_GPU is off'
    : 'no model will be ready; -e SLIPWAY_REQUIRE_GPU=false lets the CPU compute';
  const fix = 'start the container with --gpus all or --device nvidia.com/gpu=all';
  process.stderr.write(`slipway: no NVIDIA GPU in this container: ${fix}. Until then ${meaning}.\n`);
}

function prepareToServe() {
  if (!process.env.SLIPWAY_MODELS && !process.argv.some((arg) => /^--models(=|$)/.test(arg))) {
    const models = chooseModels();
    if (models !== undefined) process.env.SLIPWAY_MODELS = models;
  }
  warnOfNoGpu();
}

const compat = findCompat({ env: process.env });
if (compat !== undefined) startAgainWith(compat);
process.env.SLIPWAY_CONTAINED = '1';
const [, , word] = process.argv;
if (asking.includes(word)) await import('../dist/src/tool/main.js');
else {
  if (!looking.includes(word)) prepareToServe();
  performance.mark('slipway:node');
  await import('../dist/src/server/main.js');
}
