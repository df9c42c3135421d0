// Writes the measured part of docs/performance.md from reports of `npm run bench -- --peers --real-models --json FILE`, one a run.
// `node tools/performance.js REPORT.json [REPORT.json ...]`
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { buildIfStale } from './build.js';

const files = process.argv.slice(2);
if (files.length === 0) {
  console.error('Name reports: node tools/performance.js REPORT.json [REPORT.json ...]');
  process.exit(2);
}
await buildIfStale();
const { fillPage } = await import('../dist/bench/peers/report/markdown.js');
const reports = await Promise.all(files.map(async (file) => JSON.parse(await readFile(file, 'utf8'))));
const page = fileURLToPath(new URL('../docs/performance.md', import.meta.url));
await writeFile(page, fillPage(await readFile(page, 'utf8'), reports));
console.log(`${page} has the figures of ${files.join(', ')}`);
