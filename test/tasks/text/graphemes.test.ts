import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { graphemesOf } from '../../../src/tasks/text/chars-map.js';
import { createRandom } from '../../../src/tensor/random.js';

const segmenter = new Intl.Segmenter('und', { granularity: 'grapheme' });
const atOnce = (text: string): string[] => Array.from(segmenter.segment(text), ({ segment }) => segment);

/** Characters that go on with what is before them, or not, by every rule of Unicode. */
const signs = [
  ...[
    'a',
    ' ',
    '\r',
    '\n',
    '\r\n',
    '\u0301',
    '\u200d',
    '\u200b',
    '\u0600',
    '\u0903',
    '\u0915',
    '\u094d',
    '\u1100',
    '\u1161',
    '\u11a8',
    '각',
  ],
  ...[
    '\u{1f1e9}',
    '\u{1f1ea}',
    '\u{1f469}',
    '\u{1f3fd}',
    '\u{1f680}',
    '\u{e0067}',
    '\ud83d',
    '\udc00',
    '東',
    '\u{20000}',
  ],
];

describe('graphemes', () => {
  it('of long texts are those that the whole text has, wherever a part of it ends', () => {
    for (let seed = 1; seed <= 60; seed += 1) {
      const random = createRandom(seed);
      const own = signs.filter(() => random() < 0.4);
      const text = Array.from({ length: 1200 }, () => own[Math.floor(random() * own.length)] ?? '').join('');
      assert.deepEqual(graphemesOf(text), atOnce(text), `seed ${seed}`);
    }
    for (const sign of signs) {
      for (const before of ['', 'a', 'ab']) {
        const text = before + sign.repeat(700);
        assert.deepEqual(graphemesOf(text), atOnce(text), JSON.stringify(sign));
      }
    }
    assert.deepEqual(graphemesOf(''), []);
  });

  it('are divided a little at a time, since the library takes the square of the time for a text at once', (t) => {
    const given: number[] = [];
    const own = Object.getOwnPropertyDescriptor(Intl.Segmenter.prototype, 'segment')
      ?.value as Intl.Segmenter['segment'];
    t.mock.method(Intl.Segmenter.prototype, 'segment', function (this: Intl.Segmenter, text: string) {
      given.push(text.length);
      return own.call(this, text);
    });
    const count = 20_000;
    assert.equal(graphemesOf('e\u0301'.repeat(count)).length, count);
    assert.ok(Math.max(...given) < 1000, `at most ${Math.max(...given)} units`);
    const all = () => given.splice(0).reduce((sum, units) => sum + units, 0);
    assert.ok(all() < 3 * count);
    assert.equal(graphemesOf('e' + '\u0301'.repeat(count)).length, 1);
    assert.ok(all() < 8 * count);
  });
});
