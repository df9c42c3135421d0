import assert from 'node:assert/strict';
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { temporaryFolder } from '../../support/folder.js';
import { cudaMajors, readNvidiaRecord, type NvidiaPackage, type NvidiaRecord } from '../../docker/nvidia-record.js';
import { docker, run } from '../docker-cli.js';
import { openTestEngine, shellImage } from '../support.js';

const engine = await openTestEngine();
const tag = `slipway-test:nvidia-${process.pid}`;
const asOf = (major: string): string => `${tag}-base-${major}`;

/** Makes empty packages of a repository as the record has them, and installs those that are in the base. */
const makeBase = `set -eu
mkdir -p /repo && cd /repo
while read -r kind name version folder libraries; do
  mkdir -p "$name/DEBIAN" "$name$folder"
  for library in $libraries; do ln -s "$library.0" "$name$folder/$library"; done
  printf 'Package: %s\\nVersion: %s\\nArchitecture: amd64\\nMaintainer: test\\nDescription: empty\\n' "$name" "$version" >"$name/DEBIAN/control"
  dpkg-deb --build --root-owner-group "$name" "$name.deb" >/dev/null
  test "$kind" != present || dpkg --install "$name.deb" >/dev/null
  rm -r "$name"
done
for deb in *.deb; do
  dpkg-deb --field "$deb" >>Packages
  printf 'Filename: ./%s\\nSize: %s\\nSHA256: %s\\n\\n' "$deb" "$(stat -c %s "$deb")" "$(sha256sum "$deb" | cut -d ' ' -f 1)" >>Packages
done
echo 'deb [trusted=yes] file:/repo ./' >/etc/apt/sources.list.d/cuda.list
`;

function folderOf({ name, libraries }: NvidiaPackage, version: string): string {
  if (libraries.includes('libcuda.so.1')) return `/usr/local/cuda-${version}/compat`;
  return name.startsWith('libcudnn')
    ? '/usr/lib/x86_64-linux-gnu'
    : `/usr/local/cuda-${version}/targets/x86_64-linux/lib`;
}

/** An image with the variables, packages and repository that the record says of NVIDIA's own. */
async function buildBase(major: string, { env, present, asked }: NvidiaRecord): Promise<void> {
  const folder = temporaryFolder('nvidia-');
  const version = env['CUDA_VERSION']?.split('.').slice(0, 2).join('.') ?? '';
  const line = (kind: string, one: NvidiaPackage): string =>
    [kind, one.name, one.version, folderOf(one, version), ...one.libraries].join(' ');
  const isPresent = ({ name }: NvidiaPackage): boolean => present.some((other) => other.name === name);
  const lines = [
    ...present.map((one) => line('present', one)),
    ...asked.filter((one) => !isPresent(one)).map((one) => line('asked', one)),
  ];
  await writeFile(join(folder, 'list'), `${lines.join('\n')}\n`);
  await writeFile(join(folder, 'make.sh'), makeBase);
  const variables = Object.entries(env).map(([name, value]) => `ENV ${name}="${value}"`);
  const text = [
    `FROM ${shellImage}`,
    'COPY make.sh list /tmp/',
    `RUN sh /tmp/make.sh </tmp/list && ln -s cuda-${version} /usr/local/cuda`,
    ...variables,
  ];
  await writeFile(join(folder, 'Dockerfile'), `${text.join('\n')}\n`);
  await docker('build', '--quiet', '--tag', asOf(major), folder);
}

describe(
  'the gpu image by apt, from a repository of empty packages as recorded of NVIDIA',
  { skip: engine.skip },
  () => {
    before(async () => {
      for (const major of cudaMajors) await buildBase(major, readNvidiaRecord(major));
    });
    after(async () => {
      for (const major of cudaMajors) await docker('image', 'rm', '--force', asOf(major), `${tag}-${major}`);
    });

    for (const major of cudaMajors) {
      it(`CUDA ${major}: installs what it asks for, in the versions that are there, and keeps the base's compatibility libraries`, async () => {
        const { asked, env } = readNvidiaRecord(major);
        const args = ['--build-arg', `CUDA_MAJOR=${major}`, '--build-arg', `CUDA_IMAGE=${asOf(major)}`];
        const where = ['--file', 'docker/Dockerfile.gpu', '--target', 'body', '--load', '--tag', `${tag}-${major}`];
        await docker('buildx', 'build', ...where, ...args, '.');
        const inside = (...words: readonly string[]): Promise<string> =>
          docker('run', '--rm', `${tag}-${major}`, ...words);
        const found = await inside('dpkg-query', '--show', '--showformat', '${Package} ${Version}\\n');
        for (const { name, version } of asked) assert.ok(found.split('\n').includes(`${name} ${version}`), name);
        const compat = await inside('readlink', '/usr/local/cuda/compat/libcuda.so.1');
        assert.equal(compat, 'libcuda.so.1.0');
        assert.equal((await run('docker', ['run', '--rm', `${tag}-${major}`, 'tini', '--version'])).code, 0);
        const said = await inside('printenv', 'NVIDIA_REQUIRE_CUDA', 'NVIDIA_VISIBLE_DEVICES', 'SLIPWAY_REQUIRE_GPU');
        const condition = major === '13' ? (env['NVIDIA_REQUIRE_CUDA'] ?? '') : 'cuda>=12.0';
        assert.deepEqual(said.split('\n'), [condition, 'all', 'true']);
      });
    }

    it('is what the record says when that is read anew, and a difference is told', async () => {
      const folder = temporaryFolder('record-');
      await mkdir(join(folder, 'docker'));
      const file = join(folder, 'docker/cuda13-apt.txt');
      await copyFile('docker/cuda13-apt.txt', file);
      const tool = (...flags: readonly string[]) =>
        run('sh', [
          '-c',
          'cd "$1" && shift && exec "$@"',
          'sh',
          folder,
          process.execPath,
          resolve('tools/supply/nvidia-packages.js'),
          '13',
          '--base',
          asOf('13'),
          ...flags,
        ]);
      const same = await tool('--check');
      assert.deepEqual([same.code, same.stdout], [0, 'docker/cuda13-apt.txt: as recorded\n'], same.stderr);
      const text = await readFile(file, 'utf8');
      await writeFile(file, text.replace('13.1.0.3-1', '13.0.0.1-1'));
      const other = await tool('--check');
      assert.equal(other.code, 1);
      assert.match(other.stdout, /^- asked libcublas-13-0 13\.0\.0\.1-1 .*\n\+ asked libcublas-13-0 13\.1\.0\.3-1 /);
      assert.equal((await tool()).code, 0);
      assert.equal(await readFile(file, 'utf8'), text);
    });
  },
);
