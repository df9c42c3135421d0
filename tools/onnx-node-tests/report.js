// The ONNX project's own tests, in plain ONNX Runtime and through a server over HTTP. `node tools/onnx-node-tests/report.js CACHE_FOLDER
// [--sample N | --only PATTERN] [--port P] [--json FILE]` prints how many load, are served and are equal; it exits with 1 on a difference that
// explanations.json does not explain, and on an entry of that table which no longer applies.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { fetchOnce } from '../real-models/fetch.js';
import { findCases, readCase } from './cases.js';
import { examine } from './examine.js';
import { checkExplanations } from './explain.js';
import { startPlainRuntime } from './plain.js';
import { fillRepository, startServer } from './served.js';

const modelsAServer = 100;
const wanted = 'onnx==1.21.0';
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    sample: { type: 'string' },
    port: { type: 'string', default: '8100' },
    json: { type: 'string' },
    only: { type: 'string' },
  },
});
const [cache] = positionals;
if (cache === undefined) {
  console.error('Name a folder for the package (90 MB): node tools/onnx-node-tests/report.js FOLDER');
  process.exit(2);
}

const fetched = await fetchOnce(cache, wanted, 'pypi');
if (fetched === undefined) {
  console.log(`# skipped 1\n${wanted} cannot be fetched: nothing was tried`);
  process.exit(0);
}
const all = await findCases(join(fetched.path, 'onnx/backend/test/data'));
const chosen = choose(all, values);
const table = JSON.parse(await readFile(new URL('explanations.json', import.meta.url), 'utf8'));
const results = [];
for (let at = 0; at < chosen.length; at += modelsAServer) {
  results.push(...(await examineTogether(chosen.slice(at, at + modelsAServer))));
  if (values.json !== undefined) await writeFile(values.json, JSON.stringify(results, null, 1));
  console.error(`${results.length} of ${chosen.length}`);
}
const problems = checkExplanations(results, { table, isWhole: chosen.length === all.length });
summarise();
for (const problem of problems) console.log(problem);
const failed = new Set(problems.map((problem) => problem.split(':')[0])).size;
console.log(`# pass ${results.length - failed}\n# fail ${failed}`);
process.exit(problems.length === 0 ? 0 : 1);

/** All, those that a pattern finds, or a sample that is spread over the list: always the same for the same number. */
function choose(cases, { sample, only }) {
  if (only !== undefined) return cases.filter(({ name }) => new RegExp(only).test(name));
  if (sample === undefined) return cases;
  const step = cases.length / Number(sample);
  return Array.from({ length: Number(sample) }, (_, index) => cases[Math.floor(index * step)]);
}

async function examineTogether(cases) {
  const folder = await mkdtemp(join(tmpdir(), 'onnx-node-tests-'));
  const tests = [];
  for (const each of cases) tests.push(await readCase(each));
  await fillRepository(join(folder, 'models'), tests);
  const runtime = startPlainRuntime();
  const server = await startServer({
    models: join(folder, 'models'),
    port: Number(values.port),
    cache: join(folder, 'cache'),
  });
  const found = [];
  try {
    for (const test of tests) found.push(await examine(test, { plain: await runtime.ask(test), server }));
  } finally {
    runtime.stop();
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  }
  return found;
}

function summarise() {
  const count = (matches) => results.filter(matches).length;
  const has = (stage) => (result) => result.differences[stage] !== undefined;
  const isServed = ({ isServed }) => isServed;
  const loads = ({ isLoaded }) => isLoaded;
  const rows = [
    ['tests', results.length],
    ['refused by plain ONNX Runtime', count(has('runtime'))],
    ['loaded by plain ONNX Runtime', count(loads)],
    ["of these not run on the test's inputs by its binding", count(has('run'))],
    ['of these answered otherwise than the test expects', count(has('expected'))],
    ['of these served', count((result) => loads(result) && isServed(result))],
    ['served though plain ONNX Runtime refuses them', count((result) => !loads(result) && isServed(result))],
    ...['json', 'binary', 'company'].flatMap((form) => [
      [`equal (${form})`, count(({ judged, differences }) => judged.includes(form) && differences[form] === undefined)],
      [`of these bit for bit (${form})`, count(({ exact }) => exact.includes(form))],
    ]),
    ['not explained', problems.length],
  ];
  for (const [what, number] of rows) console.log(`${String(number).padStart(5)}  ${what}`);
}
