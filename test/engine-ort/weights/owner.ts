import { readFile } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';
import { prepareWeights } from '../../../src/engine/weights/weights-cache.js';
import { specOf } from '../../workers/queue.js';

// Has a copy made of a model whose trial never ends, and tells the number of the process that makes it.
const [, , modelPath = '', folder = ''] = process.argv;
void prepareWeights(specOf(modelPath), { folder, env: process.env, minBytes: 1 });
for (;;) {
  const children = await readFile(`/proc/self/task/${process.pid}/children`, 'utf8');
  const [child = ''] = children.trim().split(' ');
  if (child !== '') {
    process.send?.(Number(child));
    break;
  }
  await wait(10);
}
