import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parsePipeline } from '../../../src/model/pipeline/pipeline-json.js';
import { countCalls } from '../../../src/server/pipelines/run.js';
import { createSelfCheck, PipelineGraph } from '../../../src/server/pipelines/cycles.js';

const isSelf = createSelfCheck({ port: () => 8000, names: ['machine'] });

/** Pipelines by name, each with the models of its steps, `URL model` where they are elsewhere. */
function pipelinesOf(all: Readonly<Record<string, readonly string[]>>) {
  return new Map(
    Object.entries(all).map(([name, models]) => {
      const steps = models.map((model, n) => {
        const [own = '', url] = model.split(' ').reverse();
        return { name: `s${n}`, model: own, ...(url === undefined ? {} : { url }) };
      });
      return [name, { name, config: parsePipeline(JSON.stringify({ steps })) }] as const;
    }),
  );
}

const graphOf = (all: ReturnType<typeof pipelinesOf>, isOwn = isSelf) => new PipelineGraph([...all.values()], isOwn);
const circleOf = (...names: readonly string[]) =>
  `its steps form a cycle: ${names.map((name) => `'${name}'`).join(' -> ')}`;

describe('circles of pipelines', () => {
  it('are found where steps lead back, to the pipeline itself or into a circle of others', () => {
    const all = pipelinesOf({
      a: ['m', 'b'],
      b: ['c'],
      c: ['b'],
      self: ['self'],
      good: ['m', 'm'],
      uses: ['good', 'm'],
    });
    assert.equal(graphOf(all).tangleOf('a'), circleOf('b', 'c', 'b'));
    assert.equal(graphOf(all).tangleOf('c'), circleOf('c', 'b', 'c'));
    assert.equal(graphOf(all).tangleOf('self'), circleOf('self', 'self'));
    for (const name of ['good', 'uses', 'm']) assert.equal(graphOf(all).tangleOf(name), undefined);
  });

  it("are found by addresses that are the server's own, and not by those of others", () => {
    const all = pipelinesOf({
      own: ['http://localhost:8000 own'],
      named: ['http://MACHINE:8000/base named'],
      six: ['http://[::1]:8000 six'],
      other: ['http://localhost:8001 other', 'http://elsewhere:8000 other', 'http://localhost other'],
    });
    for (const name of ['own', 'named', 'six']) assert.equal(graphOf(all).tangleOf(name), circleOf(name, name));
    assert.equal(graphOf(all).tangleOf('other'), undefined);
    const onUsual = createSelfCheck({ port: () => 443, names: [] });
    assert.deepEqual([onUsual('https://localhost'), onUsual('http://localhost')], [true, false]);
    assert.equal(createSelfCheck({ port: () => undefined, names: [] })('http://localhost'), false);
  });

  it('are looked for once in each pipeline, however many steps lead to it', () => {
    const step = (next: string) => Array.from({ length: 8 }, () => `http://localhost:8000 ${next}`);
    const names = ['a', 'b', 'c', 'd', 'e'];
    const chain = names.map((name, n) => [name, step(names[n + 1] ?? 'm')] as const);
    let looks = 0;
    const counted = (url: string): boolean => {
      looks += 1;
      return isSelf(url);
    };
    assert.match(graphOf(pipelinesOf(Object.fromEntries(chain)), counted).tangleOf('a') ?? '', /come to 37448 calls/);
    assert.equal(looks, 40);
    const back = pipelinesOf({ ...Object.fromEntries(chain), e: ['m', 'b'] });
    assert.equal(graphOf(back).tangleOf('a'), circleOf('b', 'c', 'd', 'e', 'b'));
  });
});

describe('the depth of a pipeline', () => {
  it('counts the pipelines that a request comes through, by names and by addresses of the server itself', () => {
    const chain = Array.from({ length: 8 }, (_, n) => [`p${n}`, [n === 7 ? 'm' : `http://localhost:8000 p${n + 1}`]]);
    const all = pipelinesOf({
      ...(Object.fromEntries(chain) as Record<string, readonly string[]>),
      flat: ['m', 'http://elsewhere:8000 p0'],
      named: ['p1', 'm'],
      deep: ['flat', 'http://localhost:8000 named'],
    });
    for (const name of ['m', 'flat', 'p0', 'named']) assert.equal(graphOf(all).tangleOf(name), undefined);
    assert.match(graphOf(all).tangleOf('deep') ?? '', /lead through 9 pipelines/);
  });
});

describe('the tangles of pipelines', () => {
  const chainOf = (count: number, last: string) =>
    pipelinesOf(
      Object.fromEntries(Array.from({ length: count }, (_, n) => [`p${n}`, [n + 1 < count ? `p${n + 1}` : last]])),
    );

  it('are found in chains and circles of any length', () => {
    for (const count of [1, 8, 9, 10, 20_000]) {
      const [chain, ring] = [graphOf(chainOf(count, 'm')), graphOf(chainOf(count, 'p0'))];
      const names = [0, Math.floor(count / 2), count - 1].map((n) => [`p${n}`, count - n] as const);
      for (const [name, depth] of names) {
        const text = `its steps lead through ${depth} pipelines, one inside the other: a request may come through 8`;
        assert.equal(chain.tangleOf(name), depth > 8 ? text : undefined);
        const circle = new RegExp(`^its steps form a cycle: '${name}' -> .*'${name}'$`);
        assert.match(ring.tangleOf(name) ?? '', circle);
        assert.ok((ring.tangleOf(name) ?? '').length < 200);
      }
    }
  });

  it('are steps within steps that come to more than 4096 calls for one image', () => {
    const times = (count: number, model: string) => Array.from({ length: count }, () => model);
    const graph = graphOf(
      pipelinesOf({
        flat: times(32, 'm'),
        two: times(32, 'flat'),
        three: times(32, 'two'),
        most: [...times(3, 'two'), ...times(28, 'flat'), 'm'],
        more: ['most'],
        much: ['three', 'three'],
      }),
    );
    const calls = { flat: 32, two: 1056, three: 33_824, most: 4096, more: 4097, much: 67_650 };
    for (const [name, count] of Object.entries(calls)) {
      const text = `its steps and those of the pipelines among them come to ${count} calls for one image: at most 4096 are made`;
      assert.equal(graph.tangleOf(name), count > 4096 ? text : undefined, name);
    }
    assert.equal(graph.tangleOf('m'), undefined);
  });

  it('are also boxes that come to more calls, whatever the steps come to', () => {
    const [takeCall, other] = [countCalls(), countCalls()];
    for (let calls = 1; calls <= 4096; calls += 1) takeCall();
    const message =
      'One image takes more than 4096 calls of models here: ask for fewer boxes, or use fewer steps in pipelines that are steps.';
    assert.throws(takeCall, { code: 'INVALID_INPUT', message });
    other();
  });
});
