import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import sharp from 'sharp';
import { openTestServer, type TestServer } from '../../support/server.js';
import { channelMeans } from '../../support/models.js';

const run = promisify(execFile);

function hasCurl(): boolean {
  try {
    return execFileSync('curl', ['--version']).length > 0;
  } catch {
    return false;
  }
}

describe('curl', { skip: hasCurl() ? false : 'there is no curl here' }, () => {
  let opened: TestServer & { stop(): Promise<void> };
  let folder: string;
  let image: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'slipway-curl-test-'));
    image = join(folder, 'green.png');
    const create = { width: 40, height: 30, channels: 3, background: '#0a3' } as const;
    await writeFile(image, await sharp({ create }).png().toBuffer());
    const config = { image: {}, classification: { activation: 'none' } };
    opened = await openTestServer({
      models: [{ name: 'm', graph: channelMeans, config }],
      flags: ['--stream', 's:m=post'],
    });
  });
  after(async () => {
    await opened.stop();
    await rm(folder, { recursive: true, force: true });
  });

  /** The answer and its status of a line as people type it; IMAGE and URL stand for what is there. */
  async function curl(line: string): Promise<{ readonly status: number; readonly text: string }> {
    const words = line.split(' ').map((word) => word.replace('IMAGE', image).replace('URL', opened.url));
    const { stdout } = await run('curl', ['-s', '-w', '\n%{http_code}', ...words]);
    const at = stdout.lastIndexOf('\n');
    return { status: Number(stdout.slice(at + 1)), text: stdout.slice(0, at) };
  }

  for (const line of [
    '-T IMAGE URL/predictions/m',
    '-X POST -T IMAGE URL/predictions/m',
    'URL/predictions/m -T IMAGE',
    '--data-binary @IMAGE URL/predictions/m/',
    '--data-binary @IMAGE -H Expect:100-continue URL/predictions/m/versions/1',
    '-F data=@IMAGE URL/predictions/m',
    '-F body=@IMAGE;type=image/png URL/predictions/m?top=1',
    '-F image=@IMAGE -F top=1 URL/predictions/m',
    '--http1.0 -T IMAGE URL/predictions/m',
    '-H Transfer-Encoding:chunked -T IMAGE URL/predictions/m',
  ])
    it(`${line} is answered with the image's class`, async () => {
      const { status, text } = await curl(line);
      assert.equal(status, 200, text);
      assert.equal((JSON.parse(text) as { predictions: { index: number }[] }).predictions[0]?.index, 1);
    });

  for (const [line, status, message] of [
    ['-d @IMAGE URL/predictions/m', 400, /curl --data-binary @image or curl -T image/],
    ['-d @IMAGE -H Content-Type:image/png URL/predictions/m', 400, /curl --data-binary @image or curl -T image/],
    ['-d @IMAGE URL/stream/s', 400, /curl --data-binary @image or curl -T image/],
    ['-d data=@IMAGE URL/predictions/m', 400, /URL-encoded form with a field 'data'.*curl -F image=@FILE/],
    ['-F data=text URL/predictions/m', 400, /"data" is not a field of this form.*with the @/],
    ['-T IMAGE URL/predictions/m/', 404, /curl -T adds the name of the file.*expected \/predictions\/m without one/],
    ['-T IMAGE URL/predictions/', 404, /unknown model: 'green.png'.*the server has 'm'/],
    ['-T IMAGE URL/predictions/m?tpo=1', 400, /"tpo" is not a parameter of this path: expected 'top'/],
    ['URL/predictions/m', 405, /expected POST, PUT/],
  ] as const)
    it(`${line} is refused with what to type`, async () => {
      const answer = await curl(line);
      assert.equal(answer.status, status, answer.text);
      assert.match((JSON.parse(answer.text) as { error: string }).error, message);
    });

  it('-T posts a frame to a stream too', async () => {
    const { status, text } = await curl('-T IMAGE URL/stream/s');
    assert.deepEqual([status, JSON.parse(text)], [200, { watchers: 0 }]);
  });
});
