import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { describe, it } from 'node:test';
import { promisify } from 'node:util';

const run = promisify(execFile);
const keptTick = new URL('../../../src/server/loop/kept-tick.js', import.meta.url).href;

/** Asks V8 whether the kept tick and later ones are of one hidden class. */
const program = `
  import { executionAsyncResource } from 'node:async_hooks';
  import { keepTick, keptTick } from ${JSON.stringify(keptTick)};
  const tick = (...given) => new Promise((resolve) => process.nextTick(() => resolve(executionAsyncResource()), ...given));
  const turn = () => new Promise((resolve) => setImmediate(resolve));
  keepTick();
  await tick();
  const seen = [];
  for (const given of [[], [1], ['one', {}]]) {
    for (let collection = 0; collection < 4; collection += 1) { await turn(); gc(); }
    seen.push(%HaveSameMap(keptTick(), await tick(...given)));
  }
  console.log(seen.join());
`;

describe('the kept tick', () => {
  it('is of the class of all that come after collections of garbage', async () => {
    const flags = ['--expose-gc', '--allow-natives-syntax', '--input-type=module'];
    const { stdout } = await run(process.execPath, [...flags, '--eval', program]);
    assert.equal(stdout.trim(), 'true,true,true');
  });
});
