import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { writeOnnx } from '../../src/model/onnx/writer.js';
import { identity } from '../support/models.js';

const folder = mkdtempSync(join(tmpdir(), 'slipway-runtime-log-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const modelPath = join(folder, 'model.onnx');
writeFileSync(modelPath, writeOnnx(identity('FP32', ['n'])));

/** Asks for a provider whose library is not installed, in a process of its own; answers what it threw and what stands on stderr. */
function failToLoad(before: string): { readonly thrown: string; readonly stderr: string } {
  const spec = {
    modelPath,
    logId: 'm',
    provider: 'cuda',
    deviceId: 0,
    strict: false,
    intraOpThreads: 1,
    optimised: false,
  };
  const script = `
    const { ortEngine, letRuntimeSpeak } = await import(${JSON.stringify(new URL('../../src/engine/ort/ort.js', import.meta.url).href)});
    ${before}
    await ortEngine.createSession(${JSON.stringify(spec)}).catch((error) => process.stdout.write(error.message));`;
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    env: { ...process.env, ORT_DISABLE_TELEMETRY: '1' },
    encoding: 'utf8',
  });
  return { thrown: stdout, stderr };
}

describe("the runtime's own log", () => {
  it('is silent in a server, where a failure is thrown and said once, and speaks where it alone knows more', (context) => {
    const silent = failToLoad('');
    if (silent.thrown === '') {
      context.skip('the CUDA provider is installed here');
      return;
    }
    assert.equal(silent.stderr, '');
    const speaking = failToLoad('letRuntimeSpeak();');
    assert.equal(speaking.thrown, silent.thrown);
    assert.match(speaking.stderr, /libonnxruntime_providers_(shared|cuda)\.so/);
  });
});
