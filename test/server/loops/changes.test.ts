import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Changes, type Asked, type LateChange } from '../../../src/server/loops/changes.js';
import type { ModelChange, Outcome, Question } from '../../../src/server/loop/messages.js';

/** A loop that serves models by name, and refuses the changes that it is told to. */
class Loop implements Asked {
  readonly name: string;
  readonly models: Set<string>;
  readonly refuses: (change: ModelChange) => boolean;

  constructor(index: number, models: readonly string[], refuses: (change: ModelChange) => boolean = () => false) {
    this.name = `HTTP loop ${index} of 3`;
    this.models = new Set(models);
    this.refuses = refuses;
  }

  ask(question: Question): Promise<Outcome> {
    assert.equal(question.what, 'change');
    const { change } = question;
    if (this.refuses(change))
      return Promise.resolve({ ok: false, code: 'MODEL_INVALID', message: 'No memory.', details: {} });
    const wasReady = this.models.has(change.model);
    if (change.action === 'load') this.models.add(change.model);
    else this.models.delete(change.model);
    return Promise.resolve({ ok: true, value: { wasReady } });
  }
}

const never = () => assert.fail('nothing is late');
const load: ModelChange = { action: 'load', model: 'm', overrides: {} };
const unload: ModelChange = { action: 'unload', model: 'm' };
const served = (loops: readonly Loop[]) => loops.map(({ models }) => models.has('m'));

describe('a change of models in several HTTP loops', () => {
  it('is made in each, and again in one that comes later', async () => {
    const loops = [1, 2, 3].map((index) => new Loop(index, ['m']));
    const changes = new Changes(never);
    assert.equal((await changes.make(unload, () => loops)).ok, true);
    assert.deepEqual(served(loops), [false, false, false]);
    const later = new Loop(2, ['m', 'other']);
    await changes.repeat(later);
    assert.deepEqual([...later.models], ['other']);
  });

  it('changes nothing where the first refuses it', async () => {
    const loops = [new Loop(1, [], () => true), new Loop(2, []), new Loop(3, [])];
    const changes = new Changes(never);
    const outcome = await changes.make(load, () => loops);
    assert.deepEqual([outcome.ok, served(loops)], [false, [false, false, false]]);
    const later = new Loop(2, []);
    await changes.repeat(later);
    assert.deepEqual([...later.models], []);
  });

  it('is undone in the others where one refuses it, and says which that was', async () => {
    for (const [change, before] of [
      [load, []],
      [unload, ['m']],
    ] as const) {
      const refuses = ({ action }: ModelChange) => action === change.action;
      const loops = [new Loop(1, before), new Loop(2, before), new Loop(3, before, refuses)];
      const outcome = await new Changes(never).make(change, () => loops);
      assert.deepEqual(served(loops), served([1, 2, 3].map((index) => new Loop(index, before))));
      assert.equal(
        !outcome.ok && outcome.message,
        `HTTP loop 3 of 3 could not ${change.action} 'm': No memory. The others serve what they served before.`,
      );
    }
  });

  it('says where it could not be undone', async () => {
    const loops = [new Loop(1, [], ({ action }) => action === 'unload'), new Loop(2, [], () => true)];
    const outcome = await new Changes(never).make(load, () => loops);
    assert.match(
      outcome.ok ? '' : outcome.message,
      /could not be undone in HTTP loop 1 of 3: unload the model, or start/,
    );
  });

  it('is made in a loop too that came while it was made', async () => {
    const loops = [new Loop(1, []), new Loop(2, [])];
    const later = new Loop(3, []);
    const changes = new Changes(never);
    const made = changes.make(load, () => loops);
    loops.push(later);
    await changes.repeat(later);
    assert.deepEqual(served([later]), [false]);
    await made;
    assert.deepEqual(served(loops), [true, true, true]);
  });

  it('of another model does not wait for one that never ends, which fails past its clock, named', async (context) => {
    context.mock.timers.enable({ apis: ['setTimeout'] });
    const late: LateChange[] = [];
    const changes = new Changes((change) => late.push(change));
    const hangs = { ...load, model: 'hangs' };
    class Hanging extends Loop {
      override ask(question: Question): Promise<Outcome> {
        const isStuck = question.what === 'change' && question.change === hangs;
        return isStuck ? new Promise(() => undefined) : super.ask(question);
      }
    }
    const loops = [new Loop(1, []), new Hanging(2, [])];
    const made = changes.make(hangs, () => loops);
    const unloads = { ...unload, model: 'hangs' };
    const after = changes.make(unloads, () => loops);
    assert.equal((await changes.make(load, () => loops)).ok, true);
    assert.deepEqual(served(loops), [true, true]);
    context.mock.timers.tick(59_999);
    assert.deepEqual(late, []);
    context.mock.timers.tick(1);
    const told = { loop: 'HTTP loop 2 of 3', action: 'load', model: 'hangs', waitedMs: 60_000 };
    assert.deepEqual(late, [told]);
    context.mock.timers.tick(89 * 60_000);
    assert.deepEqual(late, [told, { ...told, waitedMs: 90 * 60_000 }]);
    const outcome = await made;
    assert.equal(
      !outcome.ok && outcome.message,
      "HTTP loop 2 of 3 could not load 'hangs': HTTP loop 2 of 3 has not answered the load of 'hangs' within 90 min, and may make it yet: " +
        'load or unload the model again when its files can be read. The others serve what they served before.',
    );
    assert.deepEqual([...(loops[0]?.models ?? [])], ['m']);
    assert.equal((await after).ok, true);
  });

  it('waits for the one before it', async () => {
    const changes = new Changes(never);
    const loops = [new Loop(1, []), new Loop(2, [])];
    await Promise.all([
      changes.make(load, () => loops),
      changes.make(unload, () => loops),
      changes.make(load, () => loops),
    ]);
    assert.deepEqual(served(loops), [true, true]);
  });
});
