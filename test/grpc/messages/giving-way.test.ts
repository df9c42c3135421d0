import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { constants } from 'node:http2';
import { describe, it } from 'node:test';
import type { InterceptingCall, ServerInterceptingCall } from '@grpc/grpc-js';
import type { GrpcHost, MessageMemory } from '../../../src/grpc/host.js';
import { holdIn } from '../../../src/grpc/messages/in-parts.js';
import { createSending } from '../../../src/grpc/messages/sent.js';
import { MemoryBudget, RequestMemory } from '../../../src/server/memory/memory-budget.js';

const limitBytes = 8000;

/** A call with an answer of which its client has taken nothing yet, in a budget of which that holds nearly all. */
function sendSlowly(untakenMs: number) {
  let nowMs = 0;
  const budget = new MemoryBudget(limitBytes, () => nowMs);
  const warnings: object[] = [];
  const host: Partial<GrpcHost> = {
    limits: { connections: 0, arrivalMs: 0, untakenMs, idleConnectionMs: 0 },
    holdAnswer: (bytes) => {
      budget.hold(bytes);
      return () => budget.give(bytes);
    },
    mayGiveWay: (limitMs, giveWay) => budget.mayGiveWay(limitMs, giveWay),
    warn: (facts, text) => warnings.push({ ...facts, text }),
  };
  const closed: number[] = [];
  const stream = Object.assign(new EventEmitter(), { writableLength: 0, close: (code: number) => closed.push(code) });
  let taken = (): void => undefined;
  const call = {
    stream,
    getPeer: () => '10.0.0.1:5',
    sendMessage: (_message: unknown, callback: () => void) => {
      stream.writableLength = 3000;
      taken = callback;
    },
  };
  const options = { path: '/s/M' } as never;
  const sending = createSending(host as GrpcHost)(options, call as unknown as ServerInterceptingCall);
  const [memory, message] = [new RequestMemory(budget), {}];
  memory.hold(4000);
  holdIn(memory satisfies MessageMemory, message);
  (sending as unknown as InterceptingCall & typeof call).sendMessage(message, () => undefined);
  const settle = (): void => void stream.emit('close');
  return { budget, closed, warnings, settle, take: () => taken(), wait: (ms: number) => void (nowMs += ms) };
}

describe('a gRPC answer that waits for its client', () => {
  it('gives way to others after --request-timeout, with all that it is held in, and not before', (context) => {
    const { budget, closed, warnings, settle, wait } = sendSlowly(60_000);
    context.after(settle);
    assert.equal(budget.usedBytes, 7000);
    wait(59_999);
    budget.take(1000, 0);
    assert.throws(() => budget.take(1, 0), { code: 'MEMORY_FULL' });
    assert.deepEqual(closed, []);
    wait(1);
    budget.take(1, 0);
    assert.equal(budget.usedBytes, 1001);
    assert.deepEqual(closed, [constants.NGHTTP2_ENHANCE_YOUR_CALM]);
    const text = 'call ended: its client takes the answer slowly, and others need the memory';
    assert.deepEqual(warnings, [{ path: '/s/M', from: '10.0.0.1:5', waitingBytes: 3000, limitMs: 60_000, text }]);
    settle();
    assert.equal(budget.usedBytes, 1001);
  });

  it('gives way to nobody once it was taken, or where there is no limit', (context) => {
    const taken = sendSlowly(60_000);
    taken.take();
    const unlimited = sendSlowly(0);
    context.after(unlimited.settle);
    for (const { budget, closed, wait } of [taken, unlimited]) {
      wait(100_000);
      budget.hold(limitBytes - budget.usedBytes);
      assert.throws(() => budget.take(1, 0), { code: 'MEMORY_FULL' });
      assert.deepEqual(closed, []);
    }
  });
});
