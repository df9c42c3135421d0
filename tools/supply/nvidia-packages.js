// Reads anew what docker/cuda12-apt.txt or docker/cuda13-apt.txt records, out of NVIDIA's base and its package repository, and writes it there.
// Usage: node tools/supply/nvidia-packages.js 12|13 [--check] [--base IMAGE]. --check only compares; every asked package is downloaded, about 2 GB in all.
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { check: { type: 'boolean', default: false }, base: { type: 'string' } },
});
const file = `docker/cuda${positionals[0] ?? ''}-apt.txt`;

/** Runs in the base: what of CUDA is there, then what the repository has under the names that are asked for. */
const script = `set -eu
libraries() { grep -oE 'lib(cuda|cudart|cublas|cublasLt|cudnn|cufft|curand)[.]so[.][0-9]+$' | sort -u | tr '\\n' ' '; }
dpkg-query -W -f '\${Package} \${Version}\\n' 'cuda-compat-*' 'cuda-cudart-*' | while read -r name version; do
  echo "present $name $version $(dpkg -L "$name" | libraries)"
done
apt-get update -qq
cd "$(mktemp -d)"
for name in "$@"; do
  apt-get -qq -o APT::Sandbox::User=root download "$name" >&2
  echo "asked $name $(dpkg-deb -f "$name"_*.deb Version) $(dpkg-deb --fsys-tarfile "$name"_*.deb | tar -t | libraries)"
  rm "$name"_*.deb
done`;

function docker(...args) {
  const { status, stdout, stderr, error } = spawnSync('docker', args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`docker ${args[0]} ended with ${status}: ${error?.message ?? stderr}`);
  return stdout;
}

const recorded = readFileSync(file, 'utf8').split('\n').filter(Boolean);
const wordsOf = (kind) => recorded.filter((line) => line.startsWith(`${kind} `)).map((line) => line.split(' '));
const base = values.base ?? wordsOf('base')[0][1];
const asked = wordsOf('asked').map(([, name]) => name);
const found = docker('run', '--rm', '--entrypoint', 'sh', base, '-c', script, 'sh', ...asked);
const env = JSON.parse(docker('image', 'inspect', '--format', '{{json .Config.Env}}', base));
const kept = wordsOf('env').map(([, text]) => `${text.split('=')[0]}=`);
const lines = [
  ...recorded.filter((line) => /^(#|base )/.test(line)),
  ...kept.map((name) => `env ${env.find((text) => text.startsWith(name)) ?? name}`),
  ...found.split('\n').map((line) => line.trim()),
].filter(Boolean);

const differences = [
  ...recorded.filter((line) => !lines.includes(line)).map((line) => `- ${line}`),
  ...lines.filter((line) => !recorded.includes(line)).map((line) => `+ ${line}`),
];
for (const line of differences) console.log(line);
if (!values.check) writeFileSync(file, `${lines.join('\n')}\n`);
console.log(`${file}: ${differences.length === 0 ? 'as recorded' : `${differences.length} lines differ`}`);
process.exitCode = values.check && differences.length > 0 ? 1 : 0;
