import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { ModelJson } from '../../../src/model/config-schema.js';
import { nameJournal } from '../../../src/repository/crashes/crash-journals.js';
import { CrashRecords, subjectLine, type CrashSubject } from '../../../src/repository/crashes/crash-records.js';
import { watchFiles } from '../../../src/repository/files/fingerprint.js';
import { findSuspicion } from '../../../src/repository/crashes/suspicion.js';
import { describeWork, RunJournal } from '../../../src/workers/run-journal.js';

let folder: string;
before(async () => (folder = await mkdtemp(join(tmpdir(), 'slipway-crashes-'))));
after(() => rm(folder, { recursive: true }));

let places = 0;
/** Records in a folder of their own, and a model file; every change is told. */
async function make() {
  const home = join(folder, `${(places += 1)}`);
  const path = join(folder, `${places}.onnx`);
  await writeFile(path, 'weights');
  const told: string[] = [];
  const records = new CrashRecords({
    folder: home,
    clock: () => 86_400_000,
    ended: '999999999:SIGFPE',
    onChange: ({ kind }) => told.push(kind),
    onFailure: () => told.push('not written'),
  });
  const subject = async (json: ModelJson = {}): Promise<CrashSubject> => ({
    model: 'm/1',
    path,
    watch: await watchFiles([path]),
    json,
  });
  /** A process that is gone, on this machine and boot, was running the model. */
  const crash = async (phase: 'loading' | 'running' = 'running', json?: ModelJson) => {
    const { path: journal, header } = nameJournal(home);
    const gone = header.replace(/"pid":\d+/, '"pid":999999999');
    const left = new RunJournal(journal, { header: gone, onFailure: (error) => assert.fail(String(error)) });
    left.open(() => true).enter(describeWork(1, subjectLine(await subject(json)))[phase]);
    records.takeCrashes();
  };
  return { home, path, told, records, subject, crash };
}

const fault = { reason: 'signal SIGSEGV', phase: 'running', cause: 'fault' } as const;

describe('what is known of models that the server crashed with', () => {
  it('is nothing without a crash, and why and when it was after one', async () => {
    const { records, subject, crash, told } = await make();
    const before = await findSuspicion(await subject(), records);
    assert.equal(before.hazard, undefined);
    assert.equal(before.load.onFault, undefined);
    await crash();
    const { hazard } = await findSuspicion(await subject(), records);
    assert.equal(
      hazard,
      "the server's process ended with SIGFPE while this model was running (1970-01-02T00:00:00.000Z)",
    );
    assert.deepEqual(told, ['suspected']);
  });

  it('is not quarantined for what requests do to its own process, however often', async () => {
    const { records, subject, crash, told } = await make();
    await crash();
    const { load } = await findSuspicion(await subject(), records);
    for (let times = 0; times < 20; times += 1) assert.equal(load.onFault?.(fault), undefined);
    assert.match((await findSuspicion(await subject(), records)).hazard ?? '', /SIGSEGV \(while it was running\)/);
    assert.deepEqual([...new Set(told)], ['suspected', 'proven']);
    assert.deepEqual([records.list()[0]?.state, records.list()[0]?.faults], ['proven', 20]);
  });

  it('is quarantined by the first fault or limit while it loads or warms up, also where nothing was known against it', async () => {
    for (const isSuspected of [true, false]) {
      for (const phase of ['loading', 'warming'] as const) {
        for (const cause of ['fault', 'limit'] as const) {
          const { path, records, subject, crash, told } = await make();
          if (isSuspected) await crash();
          const { blame } = await findSuspicion(await subject(), records);
          assert.match((await blame({ ...fault, phase, cause })) ?? '', /quarantined.*SIGSEGV.*models\/m\/load/);
          // The same bytes written again are the same model.
          await writeFile(path, 'weights');
          await utimes(path, 1, 1);
          await assert.rejects(findSuspicion(await subject(), records), { code: 'MODEL_QUARANTINED' });
          assert.equal(told.at(-1), 'quarantined');
          await writeFile(path, 'others');
          assert.equal((await findSuspicion(await subject(), records)).hazard, undefined);
        }
      }
    }
  });

  it('is quarantined by the second kill while it loads, and until then runs apart, since memory may have been short for another reason', async () => {
    for (const cause of ['killed', 'memory'] as const) {
      const { path, records, subject } = await make();
      const kill = { ...fault, phase: 'loading', cause } as const;
      const first = await findSuspicion(await subject(), records);
      assert.equal(await first.blame(kill), undefined);
      const second = await findSuspicion(await subject(), records);
      assert.match(second.hazard ?? '', /SIGSEGV \(while it was loading\)/);
      assert.equal(second.load.onFault?.({ ...kill, phase: 'running', cause: 'killed' }), undefined);
      assert.match((await second.blame(kill)) ?? '', /quarantined/);
      records.release('m/1', path);
      assert.equal(await (await findSuspicion(await subject(), records)).blame(kill), undefined);
    }
  });

  it('is freed from its quarantine when it is asked for, and stays apart', async () => {
    const { path, records, subject, crash, told } = await make();
    await crash();
    const { load } = await findSuspicion(await subject(), records);
    load.onFault?.({ ...fault, phase: 'loading' });
    records.release('m/1', path);
    assert.match((await findSuspicion(await subject(), records)).hazard ?? '', /SIGSEGV/);
    assert.deepEqual(told.slice(-1), ['released']);
    records.release('m/2', path);
    records.release('m/1', `${path}.other`);
    assert.deepEqual(told.slice(-1), ['released']);
  });

  it('holds for the same bytes and settings, however often they are written, and ends with others', async () => {
    for (const change of ['bytes', 'settings'] as const) {
      const { path, records, subject, crash, told } = await make();
      await crash();
      assert.notEqual((await findSuspicion(await subject(), records)).hazard, undefined);
      await writeFile(path, 'weights');
      await utimes(path, 1, 1);
      assert.notEqual((await findSuspicion(await subject(), records)).hazard, undefined);
      if (change === 'bytes') await writeFile(path, 'others');
      const json = change === 'settings' ? { warmup: false } : {};
      assert.equal((await findSuspicion(await subject(json), records)).hazard, undefined);
      assert.deepEqual(told, ['suspected', 'changed']);
      assert.deepEqual(records.list(), []);
    }
  });

  it('is cleared by an hour of service once, and never after another crash', async (context) => {
    context.mock.timers.enable({ apis: ['setInterval'] });
    const { records, subject, crash } = await make();
    await crash();
    let answers = 0;
    const serve = async () => (await findSuspicion(await subject(), records)).follow(() => answers);
    const end = await serve();
    context.mock.timers.tick(3_600_000);
    assert.notEqual((await findSuspicion(await subject(), records)).hazard, undefined, 'it answered nothing');
    answers += 1;
    context.mock.timers.tick(3_600_000);
    assert.equal((await findSuspicion(await subject(), records)).hazard, undefined);
    end();
    await crash();
    await serve();
    answers += 1;
    context.mock.timers.tick(3_600_000);
    assert.notEqual((await findSuspicion(await subject(), records)).hazard, undefined);
  });

  it('is kept in one file, which may be damaged, and is forgotten when asked for', async () => {
    const { home, records, subject, crash } = await make();
    await crash();
    const file = join(home, 'crashes.json');
    const text = await readFile(file, 'utf8');
    for (const damaged of [text.slice(0, 40), '{}', 'null', '[null, 1, {}]']) {
      await writeFile(file, damaged);
      assert.equal((await findSuspicion(await subject(), records)).hazard, undefined);
    }
    await writeFile(file, text);
    assert.notEqual((await findSuspicion(await subject(), records)).hazard, undefined);
    records.forget();
    assert.deepEqual(records.list(), []);
    assert.equal((await findSuspicion(await subject(), records)).hazard, undefined);
  });

  it('holds until the process ends where it cannot be written, and is written once it can', async () => {
    const { home, records, subject, crash, told } = await make();
    await crash();
    const { load } = await findSuspicion(await subject(), records);
    await rm(join(home, 'crashes.json'));
    await mkdir(join(home, 'crashes.json'));
    assert.equal(load.onFault?.(fault), undefined);
    records.clear(records.list()[0] ?? assert.fail());
    assert.deepEqual(told, ['suspected', 'not written', 'proven']);
    assert.deepEqual([records.list()[0]?.state, records.list()[0]?.faults], ['proven', 1]);
    assert.deepEqual(
      (await readdir(home)).filter((name) => !name.endsWith('.journal')),
      ['crashes.json'],
    );
    await rm(join(home, 'crashes.json'), { recursive: true });
    assert.equal(load.onFault?.(fault), undefined);
    assert.deepEqual(JSON.parse(await readFile(join(home, 'crashes.json'), 'utf8')), records.list());
    assert.equal(records.list()[0]?.faults, 2);
  });
});
