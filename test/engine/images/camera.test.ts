import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, describe, it } from 'node:test';
import { docker, run } from '../docker-cli.js';
import { nodeBase } from '../stand-in.js';
import { openTestEngine } from '../support.js';

const engine = await openTestEngine(nodeBase);
const image = `slipway-test-${randomUUID().slice(0, 8)}:camera`;
const hardened = ['--read-only', '--tmpfs', '/tmp', '--cap-drop', 'ALL', '--security-opt', 'no-new-privileges'];
const makeFrame = ['-v', 'error', '-f', 'lavfi', '-i', 'testsrc=size=64x48', '-frames:v', '1', '-f', 'mjpeg', 'pipe:1'];

const build = (withCamera: string): Promise<string> =>
  docker('build', '--file', 'docker/Dockerfile.cpu', '--build-arg', `WITH_CAMERA=${withCamera}`, '--tag', image, '.');
const tryFfmpeg = () => run('docker', ['run', '--rm', ...hardened, '--entrypoint', 'ffmpeg', image, ...makeFrame]);

describe('an image with WITH_CAMERA', { skip: engine.skip }, () => {
  after(() => docker('image', 'rm', '--force', image));

  it('has an ffmpeg that makes frames without rights or a writable root; without it there is none', async () => {
    await build('0');
    assert.notEqual((await tryFfmpeg()).code, 0);
    await build('1');
    const { code, stdout } = await tryFfmpeg();
    assert.equal(code, 0);
    assert.match(stdout, /JFIF/, 'a JPEG');
  });
});
