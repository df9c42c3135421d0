import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Ajv } from 'ajv';
import type { Report } from '../../bench/types.js';
import { launch } from '../../src/launch/index.js';
import { managedLabel } from '../../src/launch/fleet/fleet.js';
import { startBench } from '../support/bench-process.js';
import { runLaunch } from '../support/launch-cli.js';
import { nodeBase } from './stand-in.js';
import { openTestEngine } from './support.js';

const engine = await openTestEngine(nodeBase);
const flags = '--quick --target container-cpu --model anomaly --concurrency 2 --batch 2 --rate 50'.split(' ');

describe('the benchmark on a container', { skip: engine.skip, concurrency: false }, () => {
  if (engine.docker === undefined) return;
  const { containers, images } = engine.docker;

  /** Containers that were given models out of the folder, ended ones included. */
  async function findContainers(folder: string): Promise<readonly string[]> {
    const all = await containers.list({ all: true, labels: [managedLabel] });
    const details = await Promise.all(all.map(({ id }) => containers.inspect(id).catch(() => undefined)));
    return details.flatMap((one) => (JSON.stringify(one?.raw['Mounts'] ?? '').includes(folder) ? [one!.name] : []));
  }

  const tag = 'slipway:cpu';
  const idOf = (): Promise<string | undefined> =>
    images.inspect(tag).then(
      ({ id }) => id,
      () => undefined,
    );
  let earlier: string | undefined;

  before(async () => {
    earlier = await idOf();
    const { code, stderr } = await runLaunch(['build', '--variant', 'cpu']);
    assert.equal(code, 0, stderr);
  });

  // The tag that the benchmark measures is that of users: what it meant before, it means again.
  after(async () => {
    const built = await idOf();
    if (earlier !== undefined) await images.tag(earlier, tag);
    if (built !== undefined && built !== earlier)
      await images.remove(earlier === undefined ? tag : built, { force: true });
  });

  it('measures it, tells image, Node.js, memory, CPU time and cold start, and removes it', async (test) => {
    const folder = await mkdtemp(join(tmpdir(), 'bench-report-'));
    test.after(() => rm(folder, { recursive: true }));
    const file = join(folder, 'report.json');
    const bench = await startBench([...flags, '--json', file]);
    assert.deepEqual(await bench.exited, [0, null], bench.lines.join('\n'));
    const report = JSON.parse(await readFile(file, 'utf8')) as Report;
    const schema = JSON.parse(await readFile('bench/schema.json', 'utf8')) as object;
    const validate = new Ajv({ allErrors: true, strict: false }).compile(schema);
    assert.ok(validate(report), JSON.stringify(validate.errors?.slice(0, 5)));
    const [target] = report.targets;
    assert.ok(target?.state === 'measured' && target.kind === 'container');
    const { id } = await images.inspect(tag);
    assert.deepEqual(target.image, { ref: 'slipway:cpu', id, digest: null });
    assert.match(target.node ?? '', /^v22\./);
    assert.ok(target.coldStartsMs.length === 1 && target.coldStartsMs[0]! > 100, target.coldStartsMs.join());
    for (const { rssBytes } of target.memory) assert.ok((rssBytes ?? 0) > 30e6, `RSS ${rssBytes ?? 'unknown'}`);
    const rows = report.rows.filter(({ role }) => role === 'target');
    assert.deepEqual(
      rows.map(({ scenario, form }) => `${scenario} ${form}`),
      ['latency binary', 'concurrency binary', 'batch binary', 'path json', 'arrivals binary'],
    );
    for (const { scenario, statuses, devices, serverCpuMs, rate } of rows) {
      assert.deepEqual([Object.keys(statuses), Object.keys(devices)], [['200'], ['cpu']], scenario);
      assert.ok(rate > 0 && (serverCpuMs ?? 0) > 0, `${scenario}: ${serverCpuMs ?? 'no'} CPU ms`);
    }
    assert.match(bench.lines.join('\n'), /container-cpu: cpu: image slipway:cpu \(present\)[\s\S]*is ready after/);
    assert.deepEqual(await findContainers(bench.folder), []);
  });

  it('removes it at Ctrl-C while it is measured, and starts no other after one', async () => {
    const measuring = await startBench(flags);
    await measuring.seen('latency');
    assert.equal((await findContainers(measuring.folder)).length, 1);
    const starting = await startBench(flags);
    await starting.seen('container-cpu: cpu: image');
    for (const { child, exited, lines, folder } of [measuring, starting]) {
      child.kill('SIGINT');
      assert.deepEqual(await exited, [130, null], lines.join('\n'));
      assert.deepEqual(await findContainers(folder), []);
    }
  });

  it('refuses an image that is not there instead of getting it', async () => {
    const request = { image: 'slipway-test:never-built', variant: 'cpu', pull: 'never' } as const;
    await assert.rejects(launch(request), {
      code: 'IMAGE_MISSING',
      message: /slipway-test:never-built is not on the engine/,
    });
  });
});
