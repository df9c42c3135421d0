import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MessageChannel, Worker } from 'node:worker_threads';
import { PoolEnd, ThreadEnd } from '../../../src/workers/link/mailbox.js';

const unreadable = (error: unknown): void => assert.ifError(error);
const echo = new URL('../echo-thread.js', import.meta.url);

describe('a mailbox', () => {
  it('gives every order its own answer, short texts and objects with moved buffers in turn, thousands of times', async () => {
    let onAnswer: (answer: unknown) => void = () => undefined;
    const mailbox = new PoolEnd<unknown, unknown>((answer) => onAnswer(answer), unreadable);
    const thread = new Worker(echo, { workerData: mailbox.parts, transferList: [mailbox.parts.port] });
    const ask = (order: unknown, transfer: ArrayBuffer[] = []) =>
      new Promise((resolve) => {
        onAnswer = resolve;
        mailbox.send(order, transfer);
      });
    for (let i = 0; i < 3000; i++) {
      assert.equal(await ask(`text ${i} \u00ff\u0000`), `text ${i} \u00ff\u0000`);
      if (i % 10 > 0) continue;
      const buffer = new Uint8Array([i & 255, 7]).buffer;
      assert.deepEqual(await ask({ i, buffer }, [buffer]), { i, buffer: new Uint8Array([i & 255, 7]).buffer });
      assert.equal(buffer.byteLength, 0);
    }
    assert.equal(await ask('x'.repeat(10_000)), 'x'.repeat(10_000));
    mailbox.send('stop', []);
    await new Promise((resolve) => thread.once('exit', resolve));
    mailbox.close();
  });

  it('does not take a late notification for another answer', async () => {
    const answers: unknown[] = [];
    const mailbox = new PoolEnd<unknown, unknown>((answer) => answers.push(answer), unreadable);
    const { memory } = mailbox.parts;
    const end = new ThreadEnd({ memory, port: new MessageChannel().port1 });
    end.answer('one');
    await new Promise(setImmediate);
    Atomics.notify(new Int32Array(memory), 1);
    await new Promise(setImmediate);
    end.answer('two');
    await new Promise(setImmediate);
    assert.deepEqual(answers, ['one', 'two']);
    mailbox.close();
  });

  it('refuses what cannot be cloned and stays usable', () => {
    const mailbox = new PoolEnd<unknown, unknown>(() => undefined, unreadable);
    assert.throws(() => mailbox.send({ call: () => undefined }, []), { name: 'DataCloneError' });
    mailbox.send('text', []);
    assert.equal(new ThreadEnd({ memory: mailbox.parts.memory, port: mailbox.parts.port }).next(), 'text');
    mailbox.close();
  });
});
