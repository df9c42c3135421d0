import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { fileParsers } from './file-parsers.js';
import { tryParser } from './inputs.js';
import { optionParsers } from './option-parsers.js';
import { requestParsers } from './request-parsers.js';
import { transferParsers } from './transfer-parsers.js';

describe('every parser', () => {
  for (const parser of [...requestParsers, ...fileParsers, ...transferParsers, ...optionParsers]) {
    it(`answers ${parser.name} of any bytes with a value or a refusal, and meets both`, async () => {
      const seen = { value: 0, refusal: 0 };
      const property = fc.asyncProperty(parser.inputs, async (input) => {
        seen[await tryParser(parser, input)] += 1;
      });
      await fc.assert(property, { numRuns: 400, seed: 20_240_601 });
      assert.ok(seen.value > 0, JSON.stringify(seen));
    });
  }
});
