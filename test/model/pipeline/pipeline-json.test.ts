import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { parsePipeline } from '../../../src/model/pipeline/pipeline-json.js';

const step = { name: 'a', model: 'm' };
const parse = (...steps: readonly object[]) => parsePipeline(JSON.stringify({ steps }));
const refuses = (content: object | string, message: RegExp): void => {
  const text = typeof content === 'string' ? content : JSON.stringify(content);
  assert.throws(() => parsePipeline(text), { code: 'MODEL_INVALID', message }, text);
};

describe('pipeline.json', () => {
  it('fills in every default', () => {
    assert.deepEqual(parse(step, { name: 'b', model: 'n', crop: { of: 'a' } }), {
      description: '',
      steps: [
        {
          ...step,
          version: undefined,
          url: undefined,
          key: undefined,
          timeoutMs: 30_000,
          crop: undefined,
          options: {},
        },
        {
          name: 'b',
          model: 'n',
          version: undefined,
          url: undefined,
          key: undefined,
          timeoutMs: 30_000,
          crop: { of: 'a', labels: undefined, margin: 0, square: false, most: 32, leastSide: 1 },
          options: {},
        },
      ],
    });
  });

  it('takes addresses with a port, a base path and a slash at the end', () => {
    for (const [url, expected] of [
      ['http://masks:8000', 'http://masks:8000'],
      ['https://models.example/base/path/', 'https://models.example/base/path'],
      ['http://[::1]:9/', 'http://[::1]:9'],
    ] as const) {
      assert.equal(parse({ ...step, url, key: 'K_2', timeoutMs: 5 }).steps[0]?.url, expected);
    }
  });

  it('take the slashes off the end of an address, however many stand within it', () => {
    const slashes = '/'.repeat(1_000_000);
    for (const [url, expected] of [
      [`http://masks/${slashes}`, 'http://masks'],
      [`http://masks/${slashes}a`, `http://masks/${slashes}a`],
      [`http://masks/a${slashes}b${slashes}`, `http://masks/a${slashes}b`],
    ] as const) {
      assert.ok(parse({ ...step, url }).steps[0]?.url === expected);
    }
  });

  it('takes no address that could carry a secret or more than a server, and shows none that may', () => {
    for (const url of [
      'http://user:secret@masks',
      'http://masks?key=secret',
      'http://masks#secret',
      'ftp://secret',
      'http://masks?',
    ]) {
      refuses(
        { steps: [{ ...step, url }] },
        /^pipeline\.json is wrong: step 'a' has an invalid url: expected the address(?!.*secret)/,
      );
    }
    refuses({ steps: [{ ...step, url: 'masks:8000/' }] }, /invalid url/);
    refuses(
      { steps: [{ ...step, url: '//masks' }] },
      /step 'a' has the url "\/\/masks": expected the address of a server/,
    );
  });

  it('names what is wrong with what was expected there', () => {
    refuses('{', /^pipeline\.json is not valid JSON/);
    refuses([], /^pipeline\.json is a list, expected an object/);
    refuses({}, /^pipeline\.json is wrong: steps is missing/);
    refuses({ steps: [] }, /steps is \[\], expected a list of 1 to 32 steps/);
    refuses({ steps: {} }, /steps is \{\}, expected a list of 1 to 32 steps/);
    refuses({ steps: [{ name: 'a' }] }, /steps\.0\.model is missing/);
    refuses({ steps: [step], more: 1 }, /more is not a known key, expected one of description, steps/);
    refuses(
      { steps: [step, { ...step, name: 'b', crop: { off: 'a' } }] },
      /steps\.1\.crop\.of is missing; steps\.1\.crop\.off is not a known key, expected one of of, labels, margin, square, most, leastSide/,
    );
    refuses(
      { steps: [{ ...step, options: { score: 2 } }] },
      /steps\.0\.options\.score is 2, expected a number from 0 to 1/,
    );
    refuses({ steps: [{ ...step, options: { scores: 1 } }] }, /expected one of top, score, iou, max/);
    refuses({ steps: [{ ...step, name: '1' }] }, /steps\.0\.name is "1", expected a name of letters/);
    refuses(
      { steps: [{ ...step, version: '01' }] },
      /steps\.0\.version is "01", expected the number of a version as text/,
    );
    refuses(
      { steps: [{ ...step, url: 'http://m', key: 'sk-1234' }] },
      /steps\.0\.key is "sk-1234", expected a name of capitals, digits and _, never a key itself/,
    );
  });

  it('refuses steps that lead nowhere', () => {
    refuses({ steps: [step, step] }, /steps has 'a' twice, expected each name once/);
    refuses(
      { steps: [{ ...step, crop: { of: 'a' } }] },
      /step 'a' cuts out boxes of 'a', which is not an earlier step: there is none before it/,
    );
    refuses(
      { steps: [step, { name: 'b', model: 'm', crop: { of: 'c' } }] },
      /boxes of 'c', which is not an earlier step: expected one of a/,
    );
    refuses({ steps: [{ ...step, key: 'K' }] }, /step 'a' has "key" without "url"/);
    refuses({ steps: [{ ...step, timeoutMs: 5 }] }, /step 'a' has "timeoutMs" without "url"/);
  });

  it('has every key explained in docs/pipelines.md, and no other', () => {
    const text = readFileSync('docs/pipelines.md', 'utf8');
    const rows = [...text.matchAll(/^\| `([a-z][\w.]*)` \|/gim)].map(([, key]) => key);
    const keys = ['name', 'model', 'version', 'url', 'key', 'timeoutMs', 'options'];
    const crop = ['of', 'labels', 'margin', 'square', 'most', 'leastSide'].map((key) => `crop.${key}`);
    assert.deepEqual(rows, [...keys, ...crop]);
    const [, block = ''] = /```json\n([^]*?)```/.exec(text) ?? [];
    assert.equal(parsePipeline(block).steps.length, 2);
  });
});
