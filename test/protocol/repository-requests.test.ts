import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseIndexRequest, parseLoadRequest, parseUnloadRequest } from '../../src/protocol/repository-requests.js';

const body = (text: string): Buffer => Buffer.from(text);

describe('repository requests', () => {
  it('may have no body at all', () => {
    for (const none of [undefined, body(''), body(' '), body('{}')]) {
      assert.deepEqual(parseIndexRequest(none), { onlyReady: false });
      assert.deepEqual(parseLoadRequest(none), {});
      assert.deepEqual(parseUnloadRequest(none), { unloadDependents: false });
    }
  });

  it('say what they ask for', () => {
    assert.deepEqual(parseIndexRequest(body('{"ready":true,"x":1}')), { onlyReady: true });
    assert.deepEqual(parseLoadRequest(body('{"parameters":{"config":"{}"}}')), { configText: '{}' });
    assert.deepEqual(parseUnloadRequest(body('{"parameters":{"unload_dependents":true}}')), { unloadDependents: true });
  });

  const refused: readonly [row: number, run: () => unknown, says: RegExp][] = [
    [59, () => parseIndexRequest(body('{"ready":[[1]]}')), /^Invalid value for 'ready': expected a boolean/],
    [33, () => parseIndexRequest(body('{"ready"')), /failed to parse/],
    [33, () => parseIndexRequest(body('[]')), /must be an object/],
    [0, () => parseLoadRequest(body('{"parameters":{"file:1/model.onnx":"eA=="}}')), /not supported/],
    [0, () => parseLoadRequest(body('{"parameters":{"config":5}}')), /must be a string/],
    [0, () => parseLoadRequest(body('{"parameters":{"other":"x"}}')), /unknown load parameter 'other'/],
    [0, () => parseUnloadRequest(body('{"parameters":{"unload_dependents":"x"}}')), /must be true or false/],
  ];
  for (const [row, run, says] of refused) {
    it(`are refused with ${String(says)} [${String(row)}]`, () => {
      assert.throws(run, { code: 'INVALID_INPUT', message: says });
    });
  }
});
