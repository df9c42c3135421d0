import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { writeOnnx } from '../../../src/model/onnx/writer.js';
import { putExternalModel } from '../../repository/external-model.js';
import { addsConstant, askConstant } from '../../repository/workplace.js';
import { startProcess, urlOf } from '../../support/server-process.js';

/** Writes the files of one generation into a folder. */
type Write = (folder: string, k: number) => Promise<void>;

/**
 * A volume as the kubelet writes one (ConfigMaps, secrets, projected): names lead through `..data` to a folder with the time in its name, and a new
 * generation is a new folder, one rename of `..data`, and the end of the old folder.
 */
class ProjectedVolume {
  readonly path: string;
  readonly #write: Write;
  #generation = '';

  constructor(path: string, write: Write) {
    this.path = path;
    this.#write = write;
  }

  async publish(k: number): Promise<void> {
    const [old, fresh] = [this.#generation, `..2026_01_31_12_00_${k}.1234567`];
    await mkdir(join(this.path, fresh), { recursive: true });
    await this.#write(join(this.path, fresh), k);
    await symlink(fresh, join(this.path, '..data_tmp'));
    await rename(join(this.path, '..data_tmp'), join(this.path, '..data'));
    for (const name of await readdir(join(this.path, fresh)))
      await symlink(join('..data', name), join(this.path, name)).catch(() => undefined);
    if (old !== '') await rm(join(this.path, old), { recursive: true });
    this.#generation = fresh;
  }
}

const forms: readonly (readonly [form: string, model: string, write: Write])[] = [
  [
    'a model file, as KServe mounts one',
    'only',
    async (folder, k) => writeFile(join(folder, 'model.onnx'), writeOnnx(addsConstant(k))),
  ],
  [
    'a model with its weights in a file of their own',
    'only',
    async (folder, k) => {
      await putExternalModel(folder, { k, location: 'weights.bin' });
    },
  ],
  [
    'a folder of models',
    'm',
    async (folder, k) => {
      const file = join(folder, 'm', '1', 'model.onnx');
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, writeOnnx(addsConstant(k)));
    },
  ],
];

async function openVolume(context: TestContext, write: Write): Promise<ProjectedVolume> {
  const home = await mkdtemp(join(tmpdir(), 'slipway-projected-'));
  context.after(() => rm(home, { recursive: true, force: true }));
  return new ProjectedVolume(join(home, 'models'), write);
}

describe('a volume that is swapped under a running server', () => {
  for (const [form, model, write] of forms) {
    it(`brings ${form} anew at each swap, and no request fails or is answered by an older one again`, async (context) => {
      const volume = await openVolume(context, write);
      await volume.publish(1);
      const flags = ['--models', volume.path, '--model-control-mode', 'poll', '--poll-interval', '50ms'];
      const server = startProcess(context, ...flags, ...(model === 'only' ? ['--model-name', model] : []));
      const url = urlOf(await server.until(/ready in/));
      const seen: number[][] = [[], []];
      let isOver = false;
      const clients = seen.map(async (answers) => {
        while (!isOver) answers.push(await askConstant(url, model));
      });
      const swaps = (async () => {
        for (const k of [2, 3, 4]) {
          await volume.publish(k);
          while ((await askConstant(url, model)) !== k);
        }
      })();
      await Promise.race([swaps, Promise.all(clients)]);
      isOver = true;
      await Promise.all([swaps, ...clients]);
      context.diagnostic(`${seen.flat().length} answered, 0 failed`);
      for (const answers of seen) {
        assert.ok(answers.length > 0);
        assert.deepEqual(answers, [...answers].sort(), 'no client is given an older model after a newer one');
        assert.deepEqual(
          answers.filter((k) => ![1, 2, 3, 4].includes(k)),
          [],
        );
      }
    });
  }
});
