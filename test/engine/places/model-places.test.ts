import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { writeOnnx } from '../../../src/model/onnx/writer.js';
import { parseLocation } from '../../../src/store/location.js';
import { pull } from '../../../src/store/pull.js';
import { push } from '../../../src/store/push.js';
import { events, worldWith } from '../../store/stand-in.js';
import { hasDockerRegistry, startDockerRegistry } from '../docker-registry.js';
import { temporaryFolder } from '../../support/folder.js';
import { putModel, sumAndDifference } from '../../support/models.js';

const isRequired = process.env['REQUIRE_ENGINE'] === '1';
const s3 = process.env['SLIPWAY_TEST_S3'];

async function modelFolder(): Promise<string> {
  const folder = temporaryFolder('push-');
  await putModel(folder, { name: 'digits', graph: sumAndDifference, config: { description: 'sums' } });
  return join(folder, 'digits');
}

const skipRegistry = hasDockerRegistry || isRequired ? false : 'docker-registry is not installed';

describe('models in a real registry', { skip: skipRegistry }, () => {
  for (const form of ['modelpack', 'image'] as const) {
    it(`go there as ${form} and come back by tag and by digest`, async (context) => {
      const host = await startDockerRegistry(context);
      const { world } = worldWith();
      const location = parseLocation(`oci://${host}/team/digits:1`);
      const pushed = await push(await modelFolder(), { location, form, world, events: events() });
      for (const text of [location.shown, pushed.pinned]) {
        const pulled = await pull({
          location: parseLocation(text),
          cache: temporaryFolder('pull-'),
          world,
          events: events(),
        });
        assert.equal(pulled.revision, pushed.revision);
        assert.deepEqual(
          pulled.files.map(({ path, sha256 }) => [path, sha256]).sort(),
          pushed.files.map(({ path, sha256 }) => [`digits/${path}`, sha256]).sort(),
        );
      }
    });
  }

  it('are gone on with by a range of the blob', async (context) => {
    const host = await startDockerRegistry(context);
    const { world } = worldWith();
    const folder = temporaryFolder('push-');
    const bytes = Buffer.from(writeOnnx(sumAndDifference));
    await writeFile(join(folder, 'model.onnx'), bytes);
    const location = parseLocation(`oci://${host}/net:1`);
    await push(join(folder, 'model.onnx'), { location, form: 'modelpack', world, events: events() });
    const { listPlace } = await import('../../../src/store/pull.js');
    const [file] = (await listPlace(location, world)).files;
    assert.ok(file !== undefined);
    const response = await file.open(20);
    assert.equal(response.status, 206);
    assert.deepEqual(Buffer.from(await response.arrayBuffer()), bytes.subarray(20));
  });

  it('that asks for a password takes that of the docker config, and nobody else', async (context) => {
    // The password `pass`, by bcrypt.
    const host = await startDockerRegistry(
      context,
      'me:$2y$05$pKynY2X4ClbX0wb9c7RKN.rmj6Xl50BAROFURQfyiYrfehp4YTjhW\n',
    );
    const location = parseLocation(`oci://${host}/net:1`);
    const config = { auths: { [host]: { auth: Buffer.from('me:pass').toString('base64') } } };
    const { world } = worldWith({ files: { '/home/me/.docker/config.json': JSON.stringify(config) } });
    const path = await modelFolder();
    await push(path, { location, form: 'modelpack', world, events: events() });
    await pull({ location, cache: temporaryFolder('pull-'), world, events: events() });
    await assert.rejects(
      pull({ location, cache: temporaryFolder('pull-'), world: worldWith().world, events: events() }),
      { code: 'UNAUTHORIZED' },
    );
  });
});

describe('models in a real S3 server', { skip: s3 === undefined ? 'SLIPWAY_TEST_S3 names no endpoint' : false }, () => {
  it('go there and come back, checked, and go on where they stopped', async () => {
    const bucket = `slipway-${randomUUID()}`;
    const env = { AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b', AWS_ENDPOINT_URL: s3 ?? '' };
    const { world } = worldWith({ env });
    const { openBucket } = await import('../../../src/store/s3/client.js');
    const made = await openBucket(bucket, world);
    assert.ok((await made.ask('', { method: 'PUT' })).ok);
    const location = parseLocation(`s3://${bucket}/all/digits (1)/`);
    const path = await modelFolder();
    const pushed = await push(path, { location, form: 'modelpack', world, events: events() });
    const pulled = await pull({ location, cache: temporaryFolder('pull-'), world, events: events() });
    assert.deepEqual(
      pulled.files.map(({ path: each, sha256, verified }) => [each, sha256, verified]),
      pushed.files.map(({ path: each, sha256 }) => [`digits (1)/${each}`, sha256, 'sha256']),
    );
    const { listPlace } = await import('../../../src/store/pull.js');
    const file = (await listPlace(location, world)).files.find((each) => each.path.endsWith('.onnx'));
    assert.ok(file !== undefined);
    const response = await file.open(20);
    assert.equal(response.status, 206);
    const whole = await readFile(join(path, file.path.replace('digits (1)/', '')));
    assert.deepEqual(Buffer.from(await response.arrayBuffer()), whole.subarray(20));
  });
});
