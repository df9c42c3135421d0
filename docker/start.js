// The image's entry: serves the models under /srv/models if there are any, else the bundled ones.
import { existsSync, readdirSync } from 'node:fs';

const mounted = '/srv/models';

/** Whether a folder holds what may be a model: a folder of its own, or a lone .onnx file. */
function holdsModels(folder) {
  try {
    const entries = readdirSync(folder, { withFileTypes: true }).filter(({ name }) => !name.startsWith('.'));
    return entries.some((entry) => entry.isDirectory() || entry.isSymbolicLink() || entry.name.endsWith('.onnx'));
  } catch (error) {
    if (error.code !== 'ENOENT') process.stderr.write(`slipway: ${mounted} cannot be read (${error.message}).\n`);
    return false;
  }
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

if (!process.env.SLIPWAY_MODELS && holdsModels(mounted)) process.env.SLIPWAY_MODELS = mounted;
warnOfNoGpu();
performance.mark('slipway:node');
await import('../dist/src/server/main.js');
