import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { describe, it, type TestContext } from 'node:test';
import { followLoops } from '../../../src/server/loop/loop-link.js';
import type { FromLoop } from '../../../src/server/loop/messages.js';

/** A process that the one with the number 7 has started. */
function createWorld(facts: { readonly ppid?: number; readonly connected?: boolean; readonly parent?: number } = {}) {
  const { ppid = 7, connected = true, parent = 7 } = facts;
  const sent: FromLoop[] = [];
  const SLIPWAY_LOOP = JSON.stringify({ index: 1, count: 2, parent, waits: false, ports: { port: 4000 } });
  const world = Object.assign(new EventEmitter(), {
    env: { SLIPWAY_LOOP },
    ppid,
    connected,
    send: (message: FromLoop) => sent.push(message),
  });
  return { world: world as unknown as NodeJS.Process, sent };
}

function follow(world: NodeJS.Process) {
  let gone = 0;
  const loop = followLoops(world, () => (gone += 1));
  return { loop, gone };
}

describe('an HTTP loop and its parent', () => {
  it('know each other by the environment, which says nothing to other processes', (context) => {
    context.mock.timers.enable({ apis: ['setInterval'] });
    const { world } = createWorld();
    const { loop, gone } = follow(world);
    assert.deepEqual([loop?.share, loop?.ports, gone], [{ index: 1, count: 2 }, { port: 4000 }, 0]);
    assert.deepEqual(world.env, {});
    assert.deepEqual(follow(world), { loop: undefined, gone: 0 });
  });

  it('end together: a loop whose parent has ended before it started does not go on as a server of its own', (context) => {
    context.mock.timers.enable({ apis: ['setInterval'] });
    assert.equal(follow(createWorld({ ppid: 1 }).world).gone, 1);
    assert.equal(follow(createWorld({ connected: false }).world).gone, 1);
  });

  const ask = (context: TestContext, what: 'metrics' | 'change') => {
    context.mock.timers.enable({ apis: ['setInterval', 'setTimeout'] });
    const { world, sent } = createWorld();
    const change = { action: 'unload', model: 'm' } as const;
    const asked = follow(world).loop?.askAll(what === 'change' ? { what, change } : { what });
    assert.deepEqual(
      sent.map(({ kind }) => kind),
      ['ask'],
    );
    return { world, asked };
  };

  it('do not wait for each other for ever: a parent that is stopped is named', async (context) => {
    const { asked } = ask(context, 'metrics');
    context.mock.timers.tick(5000);
    await assert.rejects(asked ?? Promise.resolve(), {
      code: 'WORKER_LOST',
      message: 'The parent process of the HTTP loops has not answered within 5000 ms.',
    });
  });

  it('take the time that a change of models takes', async (context) => {
    const { world, asked } = ask(context, 'change');
    context.mock.timers.tick(600_000);
    world.emit('message', { kind: 'told', id: 0, outcome: { ok: true, value: 'done' } }, undefined);
    assert.equal(await asked, 'done');
  });
});
