import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { completeConfig } from '../../../src/model/complete/complete-config.js';
import { parseModelJson } from '../../../src/model/parse-config.js';
import type { OnnxHeader } from '../../../src/model/config.js';
import { headerOf, value } from '../headers.js';

const header = headerOf(
  [value('x', ['N', 'T']), value('h', [2, 'N', 64]), value('sr', [], 'INT64')],
  [value('p', ['N', 1]), value('hn', [2, 'N', 64])],
);
const pair = { input: 'h', output: 'hn' };

const complete = (json: object, own: OnnxHeader = header) =>
  completeConfig(parseModelJson(JSON.stringify({ sequences: json })), own, 'cpu').sequences;

const refuses = (json: object, text: RegExp, own?: OnnxHeader) =>
  assert.throws(
    () => complete(json, own),
    (error: Error) => {
      assert.match(error.message, text);
      return true;
    },
  );

describe('sequences in model.json', () => {
  it('begin with the declared shape, open dimensions as large as those of the same name', () => {
    assert.deepEqual(complete({ state: [pair] }), {
      state: [
        {
          ...pair,
          datatype: 'FP32',
          shape: [2, -1, 64],
          initial: [2, { input: 'x', axis: 0 }, 64],
        },
      ],
      maxIdleMs: 60_000,
      maxActive: 1024,
    });
  });

  it('begin with the shape that is given, -1 for the rows of a request and 0 for none yet', () => {
    const cache = headerOf(
      [value('tokens', ['B', 'S'], 'INT64'), value('past', [null, 8, 'P', 64], 'FP16')],
      [value('next', ['B', 'V']), value('present', [null, 8, 'Q', 64], 'FP16')],
    );
    const state = { input: 'past', output: 'present' };
    const sequences = complete(
      { state: [{ ...state, initialShape: [-1, 8, 0, 64] }], maxIdleMs: 1, maxActive: 7 },
      cache,
    );
    assert.deepEqual(sequences?.state[0]?.initial, [{ input: 'tokens', axis: 0 }, 8, 0, 64]);
    assert.deepEqual([sequences.maxIdleMs, sequences.maxActive], [1, 7]);
    refuses(
      { state: [state] },
      /input 'past' FP16 \[-1,8,-1,64\], and its dimension 0 has no name\. Give it in sequences\.state\.initialShape/,
      cache,
    );
    refuses(
      { state: [{ ...state, initialShape: [1, 8, 0] }] },
      /initialShape is \[1,8,0\], but the state is input 'past'/,
      cache,
    );
    refuses({ state: [{ ...state, initialShape: [1, 9, 0, 64] }] }, /initialShape is \[1,9,0,64\]/, cache);
  });

  it('name a dimension that no other input has', () => {
    const own = headerOf([value('x', ['N', 'T']), value('h', ['M', 4])], [value('hn', ['M', 4])]);
    refuses({ state: [pair] }, /its dimension 0 is called 'M', as no dimension of another input is/, own);
    const alone = headerOf([value('h', ['M', 4])], [value('hn', ['M', 4])]);
    refuses({ state: [{ ...pair, initialShape: [-1, 4] }] }, /no other input has rows/, alone);
  });

  it('pair inputs and outputs that are there, once, and fit each other', () => {
    refuses(
      { state: [{ ...pair, input: 'g' }] },
      /sequences\.state\.input is 'g', but the model has no such input\. Expected one of 'x', 'h', 'sr'/,
    );
    refuses(
      { state: [{ ...pair, output: 'g' }] },
      /sequences\.state\.output is 'g', but the model has no such output\. Expected one of 'p', 'hn'/,
    );
    refuses({ state: [{ ...pair, output: 'p' }] }, /pairs input 'h' FP32 \[2,-1,64\] with output 'p' FP32 \[-1,1\]/);
    refuses({ state: [pair, pair] }, /sequences\.state has 'h' twice/);
    refuses({ state: [pair, { input: 'x', output: 'hn' }] }, /has 'hn' twice/);
    const texts = headerOf([value('x', ['N']), value('s', ['N'], 'BYTES')], [value('t', ['N'], 'BYTES')]);
    refuses({ state: [{ input: 's', output: 't' }] }, /Expected numbers of one datatype/, texts);
  });

  it('are refused with the key that is wrong', () => {
    refuses({ state: [] }, /sequences\.state is \[\], expected one pair or more/);
    refuses({}, /sequences\.state is missing/);
    refuses({ state: [{ input: 'h' }] }, /sequences\.state\.0\.output is missing/);
    refuses({ state: [pair], maxIdleMs: 0 }, /sequences\.maxIdleMs is 0, expected an integer from 1 to 86400000/);
    refuses(
      { state: [pair], idle: 5 },
      /sequences\.idle is not a known key, expected one of state, maxIdleMs, maxActive/,
    );
    refuses({ state: [{ ...pair, initialShape: [-2] }] }, /sequences\.state\.0\.initialShape\.0 is -2/);
  });
});
