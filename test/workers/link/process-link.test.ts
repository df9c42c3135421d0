import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { pathToFileURL } from 'node:url';
import { processLink } from '../../../src/workers/link/process-link.js';
import { temporaryFolder } from '../../support/folder.js';

describe('the end of a worker process', () => {
  it('is told by what it said last, not by a native stack', async () => {
    const folder = temporaryFolder('process-link-');
    const entry = join(folder, 'entry.mjs');
    const text =
      'FATAL ERROR: the heap is full\n----- Native stack trace -----\n\n 1: 0x0123 node::Abort()\n22: 0x195e376  [slipway]\n';
    await writeFile(
      entry,
      `import { writeSync } from 'node:fs';\nwriteSync(2, ${JSON.stringify(text)});\nprocess.kill(process.pid, 'SIGKILL');\n`,
    );
    const open = processLink(pathToFileURL(entry), process.env);
    const reason = await new Promise<string>((onEnd) => {
      open('w', { onAnswer: () => undefined, onUnreadable: () => undefined, onEnd });
    });
    assert.match(reason, /^its process ended with signal SIGKILL \(.*\): FATAL ERROR: the heap is full$/);
  });
});
