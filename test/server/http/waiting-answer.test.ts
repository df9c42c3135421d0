import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, it } from 'node:test';
import { keepUntilTaken } from '../../../src/server/http/waiting-answer.js';
import { MemoryBudget, RequestMemory } from '../../../src/server/memory/memory-budget.js';
import { createLog } from '../../../src/server/log/log.js';
import { RawClient } from '../../support/raw-client.js';

describe('an answer that waits for its client', () => {
  for (const limitMs of [100, 0])
    it(`gives way to others ${limitMs > 0 ? 'after its limit' : 'never where there is no limit'}`, async (context) => {
      const bytes = 32 << 20;
      let nowMs = 0;
      const budget = new MemoryBudget(bytes, () => nowMs);
      const lines: string[] = [];
      const log = createLog(
        { level: 'info', format: 'json', access: false },
        { isTerminal: false, write: (line) => lines.push(line) },
      );
      const server = createServer((request, raw: ServerResponse) => {
        const { socket } = request;
        const memory = new RequestMemory(budget);
        memory.hold(bytes);
        raw.end(Buffer.alloc(bytes));
        keepUntilTaken(raw, { limitMs, log, facts: () => ({ path: request.url }), socket, memory, budget });
        server.emit('answered', socket);
      }).listen(0, '127.0.0.1');
      await once(server, 'listening');
      context.after(() => server.close());
      const client = new RawClient(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
      context.after(() => client.close());
      client.socket.pause();
      const answered = once(server, 'answered');
      await client.write('GET /a HTTP/1.1\r\nhost: x\r\n\r\n');
      const [socket] = (await answered) as [{ readonly destroyed: boolean }];
      nowMs = 99;
      assert.throws(() => budget.take(1, 0), { code: 'MEMORY_FULL' });
      nowMs = 100;
      if (limitMs === 0) {
        assert.throws(() => budget.take(1, 0), { code: 'MEMORY_FULL' });
        return;
      }
      budget.take(1, 0);
      assert.equal(budget.usedBytes, 1);
      assert.ok(socket.destroyed);
      assert.match(lines.join(), /"path":"\/a".*its client takes the answer slowly, and others need the memory/);
    });
});
