import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { takeTokenizer } from '../../../src/repository/loading/companions.js';

const model = { type: 'WordLevel', vocab: { text: 0, '[UNK]': 1 }, unk_token: '[UNK]' };

const filesOf = (parts: object) =>
  new Map([['tokenizer.json', JSON.stringify({ version: '1.0', added_tokens: [], model, ...parts })]] as const);

/** Makes a text longer, ten times each. */
const tenfold = { type: 'Replace', pattern: { String: 't' }, content: 't'.repeat(10) };
const splitAt = (regex: string) => ({
  type: 'Split',
  pattern: { Regex: regex },
  behavior: 'Isolated',
  invert: false,
});

describe('a tokenizer that is loaded', () => {
  it('is taken where it divides a text', async () => {
    const file = await takeTokenizer(filesOf({ pre_tokenizer: { type: 'Whitespace' } }));
    assert.equal(file.truncationSide, 'right');
  });

  it('is refused where a pattern never ends, and holds up nobody meanwhile', async () => {
    const normalizer = { type: 'Sequence', normalizers: [tenfold, tenfold] };
    let turns = 0;
    const timer = setInterval(() => (turns += 1), 1);
    const taken = takeTokenizer(filesOf({ normalizer, pre_tokenizer: splitAt('(t+)+z') }), 2000);
    await assert.rejects(taken, {
      code: 'MODEL_INVALID',
      message: /^tokenizer\.json cannot be used: it takes longer than 2 s for a text of four characters\. Simplify/,
    });
    clearInterval(timer);
    assert.ok(turns > 10, `${turns} turns of the event loop`);
  });

  it('is refused where it cannot divide a text', async () => {
    const taken = takeTokenizer(filesOf({ model: { type: 'Unheard', vocab: {} } }));
    await assert.rejects(taken, { code: 'MODEL_INVALID', message: /^tokenizer\.json / });
  });
});
