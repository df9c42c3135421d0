import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { takeCrashes } from '../../src/repository/crashes/crash-journals.js';
import { describeWork, RunJournal } from '../../src/workers/run-journal.js';
import { integerDivision, putModel, sumAndDifference } from '../support/models.js';

let folder: string;
before(async () => (folder = await mkdtemp(join(tmpdir(), 'slipway-journal-'))));
after(() => rm(folder, { recursive: true }));

let count = 0;
const open = () =>
  new RunJournal(join(folder, `${(count += 1)}.journal`), {
    header: '{}',
    onFailure: (error) => assert.fail(String(error)),
  });
const linesOf = async ({ path }: RunJournal) =>
  (await readFile(path, 'utf8')).split('\n').map((line) => line.trimEnd());

describe('the journal of what a process runs', () => {
  it('has a line for each place, with what that does now', async () => {
    const journal = open();
    const [first, second] = [journal.open(() => true), journal.open(() => true)];
    const [a, b] = [describeWork(1, 'x y a/1'), describeWork(2, 'x y b/1')];
    first.enter(a.loading);
    second.enter(b.running);
    assert.deepEqual(await linesOf(journal), ['{}', 'loading x y a/1', 'running x y b/1', '']);
    first.enter(a.warming);
    second.enter(a.running);
    assert.deepEqual(await linesOf(journal), ['{}', 'warming x y a/1', 'running x y a/1', '']);
  });

  it('writes nothing while a place does the same, and again when it does something else', async () => {
    const journal = open();
    const place = journal.open(() => false);
    const [a, b] = [describeWork(1, 'a'), describeWork(2, 'b')];
    place.enter(a.running);
    await truncate(journal.path, 0);
    for (let run = 0; run < 1000; run += 1) place.enter(a.running);
    assert.equal((await readFile(journal.path)).length, 0);
    place.enter(b.running);
    assert.match(await readFile(journal.path, 'utf8'), /running b/);
  });

  it('forgets what rested from one sweep to the next, and never what runs', async () => {
    const journal = open();
    let isBusy = true;
    const place = journal.open(() => isBusy);
    const { running } = describeWork(1, 'a');
    place.enter(running);
    for (let sweep = 0; sweep < 3; sweep += 1) journal.sweep();
    assert.equal((await linesOf(journal))[1], 'running a');
    isBusy = false;
    place.enter(running);
    journal.sweep();
    assert.equal((await linesOf(journal))[1], 'running a');
    journal.sweep();
    assert.equal((await linesOf(journal))[1], '');
    place.enter(running);
    assert.equal((await linesOf(journal))[1], 'running a');
  });

  it('forgets at once what is said to be done', async () => {
    const journal = open();
    const place = journal.open(() => true);
    const { warming } = describeWork(1, 'a');
    place.enter(warming);
    place.leave();
    assert.equal((await linesOf(journal))[1], '');
    place.enter(warming);
    assert.equal((await linesOf(journal))[1], 'warming a');
  });

  it('keeps lines apart whatever the name of a model is', async () => {
    const journal = open();
    const [first, second] = [journal.open(() => true), journal.open(() => true)];
    first.enter(describeWork(1, '\u00e9'.repeat(5000)).running);
    second.enter(describeWork(2, 'b').running);
    assert.equal((await linesOf(journal))[2], 'running b');
    journal.remove();
    assert.ok(!(await readdir(folder)).includes(`${count}.journal`));
    second.enter(describeWork(3, 'c').running);
  });
});

describe('a process that a model ends', () => {
  it('leaves a journal that names the model, and no other', async () => {
    const division = await putModel(folder, { name: 'division', graph: integerDivision() });
    const sums = await putModel(folder, { name: 'sums', graph: sumAndDifference });
    const crashes = join(folder, 'crashes');
    const owner = fork(new URL('./crash-owner.js', import.meta.url), [crashes, division, sums]);
    assert.deepEqual(await once(owner, 'exit'), [null, 'SIGFPE']);
    assert.deepEqual(takeCrashes(crashes), [
      { pid: owner.pid, runs: [{ phase: 'running', subject: 'place print division/1' }] },
    ]);
    assert.deepEqual([takeCrashes(crashes), await readdir(crashes)], [[], []]);
  });

  it('is not one that lives, is on another machine, or ended with the whole machine', async () => {
    const crashes = join(folder, 'others');
    const division = await putModel(folder, { name: 'division', graph: integerDivision() });
    const sums = await putModel(folder, { name: 'sums', graph: sumAndDifference });
    const owner = fork(new URL('./crash-owner.js', import.meta.url), [crashes, division, sums]);
    await once(owner, 'exit');
    const [name = ''] = await readdir(crashes);
    const text = await readFile(join(crashes, name), 'utf8');
    const put = (from: RegExp, to: string) => writeFile(join(crashes, name), text.replace(from, to));
    await put(/"host":"[^"]*"/, '"host":"elsewhere"');
    assert.deepEqual(takeCrashes(crashes), []);
    await put(/"boot":"[^"]*"/, '"boot":"before"');
    assert.deepEqual(takeCrashes(crashes), []);
    const live = new RunJournal(join(crashes, name), {
      header: text.split('\n')[0]!.replace(/"pid":\d+,"started":"\d*"/, await markHere()),
      onFailure: () => undefined,
    });
    assert.deepEqual(takeCrashes(crashes), []);
    live.remove();
  });
});

/** This process as a header names it. */
async function markHere(): Promise<string> {
  const stat = await readFile('/proc/self/stat', 'utf8').catch(() => '');
  return `"pid":${process.pid},"started":"${stat.replace(/^.*\) /s, '').split(' ')[19] ?? ''}"`;
}
