import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { chooseModel, type Candidate } from '../../../src/tool/predict/choose-model.js';
import { parseQuestion, type Question } from '../../../src/tool/predict/question.js';

const read = (text: string | Buffer, name = 'file', byLines = false): Question =>
  parseQuestion(Buffer.from(text), { name, byLines });

describe('what a file asks', () => {
  it('is told by its bytes, whatever it is called', () => {
    assert.equal(read(readFileSync('models/digits/samples/7.png'), 'notes.txt').kind, 'image');
    const forms = [
      ['{"inputs": [{"data": [NaN, -Infinity]}]}', 'inputs'],
      ['\ufeff{"instances": [1]}', 'instances'],
      ['{"text": "a"}', 'prediction'],
      [' [[1, 2], [3, 4]]', 'values'],
    ] as const;
    for (const [text, form] of forms) {
      const question = read(text, 'x.bin');
      assert.equal(question.kind === 'json' && question.form, form, text);
    }
  });

  it('may hold an image of any size as base64', () => {
    const question = read(`{"image": "${'A'.repeat(12 << 20)}"}`);
    assert.equal(question.kind === 'json' && question.form, 'prediction');
  });

  it('is a text where it is none of the others, whole or line by line', () => {
    const texts = (question: Question) => question.kind === 'text' && question.texts;
    assert.deepEqual(texts(read('Ça va?\nOui.\n')), ['Ça va?\nOui.']);
    assert.deepEqual(texts(read('one\r\n\n two\n', 'file', true)), ['one', ' two']);
    assert.deepEqual(texts(read('[citation needed]')), ['[citation needed]']);
    assert.deepEqual(texts(read('日本語')), ['日本語']);
  });

  it('is refused with what the file is instead', () => {
    const refusals = [
      ['', 'a', /^a is empty\. Expected an image \(JPEG/],
      ['%PDF-1.7', 'a.pdf', /a\.pdf is a PDF document\. Expected an image/],
      ['\0\x01\x02', 'a', /a is in an unknown format/],
      [' \n ', 'a', /a holds no text/],
      ['{"inputs": ', 'a.json', /a\.json is not JSON/],
      ['3', 'a.json', /a\.json holds a number\. Expected/],
      ['{"data": [1]}', 'a.json', /an object with data\. Expected/],
    ] as const;
    for (const [text, name, message] of refusals) {
      assert.throws(() => read(text, name), { code: 'INVALID_INPUT', message });
    }
  });
});

describe('the model that a file is for', () => {
  const url = 'http://127.0.0.1:1';
  const candidates: readonly Candidate[] = [
    { name: 'faces', task: { name: 'detection', takes: 'image' } },
    { name: 'mood', task: { name: 'classification', takes: 'text' } },
    { name: 'sums', task: { takes: 'tensors' } },
  ];
  const image = read(readFileSync('models/digits/samples/7.png'));
  const choose = (some: readonly Candidate[], question: Question) => chooseModel(some, { question, url });

  it('is the only one that takes what it is', () => {
    assert.equal(choose(candidates, image), 'faces');
    assert.equal(choose(candidates, read('fine')), 'mood');
  });

  it('is the only one that there is, which answers for itself', () => {
    assert.equal(choose(candidates.slice(2), image), 'sums');
  });

  it('has to be named where several fit, and is missing where none does', () => {
    assert.throws(() => choose(candidates, read('[1]')), {
      code: 'USAGE',
      message:
        'Several models could answer: faces (detection), mood (classification), sums (tensors). Name one with --model.',
    });
    assert.throws(() => choose([candidates[1]!, candidates[2]!], image), {
      code: 'MODEL_NOT_FOUND',
      message: /No model at .* takes images\. There are mood \(classification\), sums/,
    });
    assert.throws(() => choose([], image), { code: 'MODEL_NOT_FOUND', message: /No model is ready at/ });
  });
});
