// Compiles wasm/ with AssemblyScript and writes the module, with the hash of what it was made from, to src/image/wasm/module.ts. Needed only
// after a change there: the compiler is fetched for it, and no part of an installation.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const compiler = 'assemblyscript@0.28.20';
const options = ['-O3', '--converge', '--noAssert', '--enable', 'simd', '--runtime', 'stub', '--use', 'abort='];
const folder = new URL('../wasm/', import.meta.url);
const target = new URL('../src/image/wasm/module.ts', import.meta.url);

const hash = createHash('sha256');
for (const file of readdirSync(folder)
  .filter((name) => name.endsWith('.ts'))
  .sort()) {
  hash.update(readFileSync(new URL(file, folder)));
}
const out = join(tmpdir(), `slipway-${process.pid}.wasm`);
const arguments_ = ['--yes', '-p', compiler, 'asc', 'wasm/index.ts', '-o', out, ...options];
execFileSync('npx', arguments_, { cwd: new URL('..', import.meta.url), stdio: 'inherit' });
const base64 = readFileSync(out).toString('base64');
rmSync(out);
const lines = [
  '// Made by tools/wasm.js from wasm/.',
  '',
  '/** SHA-256 of the sources, file after file by name. */',
  `export const sourceHash = '${hash.digest('hex')}';`,
  '',
  '/** The WebAssembly module, base64. */',
  '// prettier-ignore',
  `export const moduleBase64 =\n  '${base64}';`,
];
writeFileSync(target, `${lines.join('\n')}\n`);
