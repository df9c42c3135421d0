import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { pathToFileURL } from 'node:url';
import type { EndCause } from '../../../src/workers/link/link.js';
import { processLink } from '../../../src/workers/processes/process-link.js';
import { temporaryFolder } from '../../support/folder.js';

/** How a process of this script ends. */
async function endOf(script: string): Promise<{ readonly reason: string; readonly cause: EndCause }> {
  const entry = join(temporaryFolder('process-link-'), 'entry.mjs');
  await writeFile(entry, script);
  const open = processLink(pathToFileURL(entry), { ...process.env, NODE_OPTIONS: '--max-old-space-size=32' });
  return new Promise((resolve) => {
    open('w', {
      onAnswer: () => undefined,
      onUnreadable: () => undefined,
      onEnd: (reason, cause) => resolve({ reason, cause }),
    });
  });
}

const nativeStack = '----- Native stack trace -----\n\n 1: 0x0123 node::Abort()\n22: 0x195e376  [slipway]\n';
const saying = (text: string, signal: string): string =>
  `import { writeSync } from 'node:fs';\nwriteSync(2, ${JSON.stringify(text)});\nprocess.kill(process.pid, '${signal}');\n`;

describe('the end of a worker process', () => {
  it('is told by what it said last, not by a native stack', async () => {
    const { reason } = await endOf(saying(`FATAL ERROR: the heap is full\n${nativeStack}`, 'SIGKILL'));
    assert.match(reason, /^its process ended with signal SIGKILL \(.*\): FATAL ERROR: the heap is full$/);
  });

  it('is told apart where it aborted for lack of memory, however long the stack is that it wrote afterwards', async () => {
    const filled = await endOf('const all = [];\nfor (;;) all.push(new Array(1000).fill(all.length + 0.5));\n');
    assert.match(filled.reason, /signal SIGABRT \(.*\): JavaScript heap out of memory$/);
    assert.equal(filled.cause, 'memory');
    const thrown = "terminate called after throwing an instance of 'std::bad_alloc'\n  what():  std::bad_alloc\n";
    assert.equal((await endOf(saying(thrown + nativeStack.repeat(100), 'SIGABRT'))).cause, 'memory');
    const buffer = 'FATAL ERROR: v8::ArrayBuffer::New Allocation failed - process out of memory\n';
    assert.equal((await endOf(saying(buffer + nativeStack, 'SIGABRT'))).cause, 'memory');
  });

  it('is no want of memory where it aborted for another reason, or had another end', async () => {
    assert.equal((await endOf('process.abort();\n')).cause, 'fault');
    const other = await endOf(saying("terminate called after throwing an instance of 'std::logic_error'\n", 'SIGABRT'));
    assert.match(other.reason, /std::logic_error'$/);
    assert.equal(other.cause, 'fault');
    assert.equal((await endOf(saying('std::bad_alloc\n', 'SIGSEGV'))).cause, 'fault');
  });

  it('is nothing that it did where a signal asked for it, and may be where it was killed', async () => {
    const causes = { SIGTERM: 'asked', SIGINT: 'asked', SIGHUP: 'asked', SIGKILL: 'killed', SIGFPE: 'fault' };
    for (const [signal, cause] of Object.entries(causes)) {
      assert.equal((await endOf(saying('', signal))).cause, cause, signal);
    }
    assert.equal((await endOf('process.exit(3);\n')).cause, 'fault');
  });
});
