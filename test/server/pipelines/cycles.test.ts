import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parsePipeline } from '../../../src/model/pipeline/pipeline-json.js';
import { createSelfCheck, depthOf, findCircle } from '../../../src/server/pipelines/cycles.js';

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
    assert.deepEqual(findCircle('a', all, isSelf), ['b', 'c', 'b']);
    assert.deepEqual(findCircle('c', all, isSelf), ['c', 'b', 'c']);
    assert.deepEqual(findCircle('self', all, isSelf), ['self', 'self']);
    for (const name of ['good', 'uses']) assert.equal(findCircle(name, all, isSelf), undefined);
  });

  it("are found by addresses that are the server's own, and not by those of others", () => {
    const all = pipelinesOf({
      own: ['http://localhost:8000 own'],
      named: ['http://MACHINE:8000/base named'],
      six: ['http://[::1]:8000 six'],
      other: ['http://localhost:8001 other', 'http://elsewhere:8000 other', 'http://localhost other'],
    });
    for (const name of ['own', 'named', 'six']) assert.deepEqual(findCircle(name, all, isSelf), [name, name]);
    assert.equal(findCircle('other', all, isSelf), undefined);
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
    assert.equal(findCircle('a', pipelinesOf(Object.fromEntries(chain)), counted), undefined);
    assert.equal(looks, 40);
    const back = pipelinesOf({ ...Object.fromEntries(chain), e: ['m', 'b'] });
    assert.deepEqual(findCircle('a', back, isSelf), ['b', 'c', 'd', 'e', 'b']);
  });
});

describe('the depth of a pipeline', () => {
  it('counts the pipelines that a request comes through, by names and by addresses of the server itself', () => {
    const all = pipelinesOf({
      flat: ['m', 'http://elsewhere:8000 deep'],
      named: ['flat', 'm'],
      deep: ['flat', 'http://localhost:8000 named'],
    });
    const depths = ['m', 'flat', 'named', 'deep'].map((name) => depthOf(name, all, isSelf));
    assert.deepEqual(depths, [0, 1, 2, 3]);
  });
});
