import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { writeOnnx } from '../../../src/model/onnx/writer.js';
import { sumAndDifference } from '../../support/models.js';

const main = fileURLToPath(new URL('../../../src/server/main.js', import.meta.url));

describe('a server that stands behind other processes', () => {
  it('loads models that are tried in processes of their own, which may not come forward again', async (context) => {
    const folder = await mkdtemp(join(tmpdir(), 'slipway-nice-'));
    context.after(() => rm(folder, { recursive: true }));
    await writeFile(join(folder, 'x.onnx'), writeOnnx(sumAndDifference));
    // Only the right CAP_SYS_NICE lets a process come forward: root gives it up, others have not got it.
    const withoutTheRight = process.getuid?.() === 0 ? ['setpriv', '--bounding-set=-sys_nice'] : [];
    const flags = ['--port', '0', '--models', join(folder, 'x.onnx'), '--cache-dir', join(folder, 'cache')];
    const child = spawn('nice', [
      '-n',
      '15',
      ...withoutTheRight,
      process.execPath,
      main,
      ...flags,
      '--execution-provider',
      'cpu',
    ]);
    context.after(() => child.kill('SIGKILL'));
    const lines: string[] = [];
    for await (const line of createInterface(child.stderr)) {
      lines.push(line);
      if (/^(ready in|not ready)/.test(line)) break;
    }
    assert.match(lines.at(-1) ?? '', /^ready in/, lines.join('\n'));
  });
});
