import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseAnswerBody } from '../../../src/tool/predict/answer-body.js';
import { showAnswer } from '../../../src/tool/predict/show.js';

const show = (text: string): string => showAnswer(parseAnswerBody(text));

describe('an answer for people', () => {
  it('lists labels by their probability, of one input and of several', () => {
    const one = '[{"label":"cat","index":0,"probability":0.98765},{"index":12,"probability":1e-9}]';
    const table = 'LABEL     PROBABILITY\ncat       98.8 %\nclass 12  0.0 %';
    assert.equal(show(`{"predictions":${one}}`), table);
    assert.equal(show(`{"predictions":[${one},${one}]}`), `${table}\n\n${table}`);
  });

  it('lists boxes in pixels, and says where there are none', () => {
    const found = '[{"box":[0.04,-1,200.5,1e3],"label":"face","index":0,"score":0.5}]';
    const table = 'LABEL  SCORE   LEFT  TOP   RIGHT  BOTTOM\nface   50.0 %  0.0   -1.0  200.5  1000.0';
    assert.equal(show(`{"detections":${found}}`), table);
    assert.equal(show(`{"detections":[${found},[]]}`), `${table}\n\nnothing found`);
    assert.equal(show('{"detections":[]}'), 'nothing found');
  });

  it('sums vectors up, and shows how alike they are', () => {
    const text = show(
      '{"embeddings":[[3,-4,0,0,0,0,0,0,0],[0.123456,0,0,0,0,0,0,0,1]],"similarity":[[1,-0.5],[-0.5,1]]}',
    );
    assert.match(
      text,
      /^0 {2}9 numbers, length 5: 3 -4 0 0 0 0 0 0 \.\.\. 1 more\n1 {2}9 numbers, length 1\.0076: 0\.12346 0/,
    );
    assert.match(text, /\n0 {2}1\.000 {3}-0\.500\n1 {2}-0\.500 {2}1\.000$/);
    assert.match(show('{"embeddings":[3,4]}'), /^0 {2}2 numbers, length 5: 3 4$/);
  });

  it('keeps whole numbers that a double cannot hold, and digits after a point', () => {
    assert.equal(
      show('{"predictions":[9007199254740993,-9223372036854775808]}'),
      '"9007199254740993"\n"-9223372036854775808"',
    );
    assert.equal(show('{"predictions":[0.1234567890123456]}'), '0.1234567890123456');
  });

  it('shows tensors by their beginning and their range', () => {
    const outputs = new Map([
      ['x', { datatype: 'FP32', shape: [10], data: Float32Array.of(-7, 0.5, NaN, 3, 4, 5, 6, 7, 8, 9.25) }],
      ['ids', { datatype: 'INT64', shape: [1], data: BigInt64Array.of(2n ** 60n) }],
      ['half', { datatype: 'FP16', shape: [1, 1], data: Uint16Array.of(0xc000) }],
      ['none', { datatype: 'FP32', shape: [0, 4], data: new Float32Array(0) }],
      ['words', { datatype: 'BYTES', shape: [2], data: ['a\u202eb', Buffer.from('c')] }],
    ] as const);
    const text = showAnswer({}, outputs);
    assert.match(
      text,
      /^x {2}FP32\[10\] {2}-7 0\.5 NaN 3 4 5 6 7 \.\.\. 2 more {2}\(from -7 to 9\.25, 1 not finite\)$/m,
    );
    assert.match(text, /^ids {2}INT64\[1\] {2}1152921504606846976$/m);
    assert.match(text, /^half {2}FP16\[1,1\] {2}-2$/m);
    assert.match(text, /^none {2}FP32\[0,4\] {2}no elements$/m);
    assert.match(text, /^words {2}BYTES\[2\] {2}"a\\u202eb" "c"$/m);
  });
});
