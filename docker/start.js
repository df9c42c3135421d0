// The image's entry: serves the models under /srv/models if there are any, else the bundled ones.
import { readdirSync } from 'node:fs';

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

if (!process.env.SLIPWAY_MODELS && holdsModels(mounted)) process.env.SLIPWAY_MODELS = mounted;
performance.mark('slipway:node');
await import('../dist/src/server/main.js');
