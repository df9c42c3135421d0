import { RunJournal } from '../../src/workers/run-journal.js';
import { startRunner } from '../../src/workers/pool.js';
import { nameJournal } from '../../src/repository/crashes/crash-journals.js';
import { Queue, specOf, sumJob } from './queue.js';

// Divides the smallest integer by -1 in a thread of this process, which ends with it, after another model ran there.
const [, , folder = '', division = '', sums = ''] = process.argv;
const { path, header } = nameJournal(folder);
const journal = new RunJournal(path, { header, onFailure: (error) => console.error(error) });
const runner = await startRunner({ workers: 1, env: process.env, journal });
const queue = new Queue();
const other = await runner.load(specOf(sums), { instances: 1, next: queue.next, journalAs: 'place print sums/1' });
await queue.run(other, sumJob(1, 2));
const session = await runner.load(specOf(division), {
  instances: 1,
  next: queue.next,
  journalAs: 'place print division/1',
});
const value = (data: bigint) => ({ datatype: 'INT64', shape: [1, 1], data: BigInt64Array.of(data) }) as const;
const request = new Map([
  ['A', value(-(2n ** 63n))],
  ['B', value(-1n)],
]);
await queue.run(session, { requests: [request], rows: 1, outputs: ['Y'] });
