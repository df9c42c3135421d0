import assert from 'node:assert/strict';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import sharp from 'sharp';
import { jsonOf, send } from '../../support/http.js';
import { serveFor } from '../../support/server.js';
import { openCamera } from './camera.js';
import { describeStreams, jpeg, key, serve, watch, type Described } from './watching.js';

const colorAt = async (frame: Buffer, x: number, y: number): Promise<readonly number[]> => {
  const { data, info } = await sharp(frame).raw().toBuffer({ resolveWithObject: true });
  return [...data.subarray(3 * (y * info.width + x), 3 * (y * info.width + x) + 3)];
};

describe('a stream of a camera of the network', () => {
  it('shows each frame to all watchers with the boxes in it, run once, and closes the source after them', async (context) => {
    const camera = await openCamera(context);
    const { url, lines } = await serve(context, `http://me:s%40cret@${camera.address}/video?token=abc`);
    assert.equal(camera.viewers.size, 0, 'nobody watches yet');
    const viewer = camera.nextViewer();
    const watchers = [await watch(context, url, key), await watch(context, url, key)];
    assert.match(watchers[0]!.response.headers.get('content-type') ?? '', /^multipart\/x-mixed-replace; boundary=frame$/);
    await viewer;
    assert.equal(camera.viewers.size, 1, 'one connection for all watchers');
    assert.equal(camera.asked()['authorization'], `Basic ${Buffer.from('me:s@cret').toString('base64')}`);
    camera.show(jpeg);
    for (const { nextOf } of watchers) {
      const frame = await nextOf(400);
      const [red, green, blue] = await colorAt(frame, 40, 70);
      assert.ok(Math.hypot(red! - 11, green! - 110, blue! - 138) < 60, `the left side of a box is ${red},${green},${blue}`);
      const [ground] = await colorAt(frame, 200, 150);
      assert.ok(Math.abs(ground! - 0x31) < 12, 'what is in no box is as the camera sees it');
    }
    const statistics = jsonOf(await send(url, { path: '/v2/models/scene/stats', headers: key })) as { model_stats: { inference_count: number }[] };
    assert.equal(statistics.model_stats[0]?.inference_count, 1);
    const answer = jsonOf(await send(url, { path: '/streams', headers: key })) as { streams: Described[] };
    const [door] = answer.streams;
    assert.deepEqual([door?.state, door?.watchers, door?.frames, door?.source], ['live', 2, 1, `http://${camera.address}/video?...`]);
    assert.deepEqual(door?.answer?.detections.map(({ label }) => label), ['mug', 'cat on the sofa', 'lamp']);
    assert.doesNotMatch(JSON.stringify([answer, lines]), /s@cret|s%40cret|token=abc/);
  }); // prettier-ignore

  it('says why the source is gone, on the frame too, and goes on when it is back', async (context) => {
    const camera = await openCamera(context);
    const { url, lines } = await serve(context, `http://${camera.address}/`);
    const first = camera.nextViewer();
    const { nextOf } = await watch(context, url, key);
    await first;
    camera.show(jpeg);
    await nextOf(400);
    const again = camera.nextViewer();
    camera.hangUp();
    await nextOf(640);
    await again;
    camera.show(jpeg);
    await nextOf(400);
    const lost = lines.find(({ stream }) => stream === 'door');
    assert.match(String(lost?.['reason']), /terminated|ended|closed/);
  });

  it('refuses what is no MJPEG, redirections and passwords asked for, each with its reason', async (context) => {
    const kinds: Readonly<Record<string, readonly [number, Readonly<Record<string, string>>, RegExp]>> = {
      page: [200, { 'content-type': 'text/html' }, /answers 'text\/html', expected multipart/],
      moved: [302, { location: 'http://127.0.0.1:1/' }, /answers 302, a redirect/],
      locked: [401, {}, /answers 401: put user and password/],
    };
    for (const [kind, [status, headers, expected]] of Object.entries(kinds)) {
      const camera = await openCamera(context, (_, response) => response.writeHead(status, headers).end('<html>'));
      const { url, lines } = await serve(context, `http://${camera.address}/`);
      const { nextOf } = await watch(context, url, key);
      await nextOf(640);
      await nextOf(640);
      const lost = lines.find(({ stream }) => stream === 'door');
      assert.match(String(lost?.['reason']), expected, kind);
    }
  });
});

describe('a stream of frames that programs post', () => {
  it('shows them, refuses what is no image and who shows no key, and drops what nobody watches', async (context) => {
    const { url } = await serve(context, 'post');
    const path = '/stream/door';
    for (const call of [{ path }, { path, body: jpeg }, { path: '/streams' }]) assert.equal((await send(url, call)).status, 401);
    assert.equal((await send(url, { path: '/stream' })).status, 200, 'the page asks for the key');
    assert.deepEqual(jsonOf(await send(url, { path, body: jpeg, headers: key })), { watchers: 0 });
    const { nextOf } = await watch(context, url, key);
    await nextOf(640);
    assert.deepEqual(jsonOf(await send(url, { path, body: jpeg, headers: key })), { watchers: 1 });
    await nextOf(400);
    assert.equal((await send(url, { path, body: 'no image', headers: key })).status, 400);
    assert.equal((await send(url, { path: '/stream/other', headers: key })).status, 404);
  }); // prettier-ignore

  it('says on the frame what the model says of one that is damaged, and shows the next; the log hears of it once', async (context) => {
    const { url, lines } = await serve(context, 'post');
    const { nextOf } = await watch(context, url, key);
    await nextOf(640);
    const post = (body: Buffer) => send(url, { path: '/stream/door', body, headers: key });
    for (let n = 0; n < 2; n += 1) {
      await post(jpeg.subarray(0, 200));
      await nextOf(640);
    }
    await post(jpeg);
    await nextOf(400);
    const told = lines.filter(({ stream }) => stream === 'door');
    assert.deepEqual(
      told.map(({ level, message }) => [level, message]),
      [
        ['warn', 'frames of a stream get no answer'],
        ['info', 'frames of a stream are answered again'],
      ],
    );
    assert.match(String(told[0]?.['reason']), /image/);
  });

  it('ends for its watchers when the server stops', async (context) => {
    const { url, server } = await serve(context, 'post');
    const { nextOf } = await watch(context, url, key);
    await nextOf(640);
    await server.stop();
    await assert.rejects(nextOf(400));
  });
});

describe('a stream of a video device', () => {
  /** Answers as ffmpeg does: three frames, then what is wrong with the device. */
  const program = `#!${process.execPath}
const { readFileSync, writeFileSync } = require('node:fs');
const jpeg = readFileSync(__dirname + '/frame.jpg');
writeFileSync(__dirname + '/seen.json', JSON.stringify({ arguments: process.argv.slice(2), names: Object.keys(process.env) }));
for (let n = 0; n < 3; n += 1) process.stdout.write(Buffer.concat([Buffer.from('--ffmpeg\\r\\nContent-type: image/jpeg\\r\\nContent-length: ' + jpeg.length + '\\r\\n\\r\\n'), jpeg, Buffer.from('\\r\\n')]));
process.stderr.write('/dev/video7: No such device\\n', () => process.exit(1));
`;

  it('is read by ffmpeg, which learns nothing of the server, and tells why it ended', async (context) => {
    const before = process.env['PATH'];
    context.after(() => (process.env['PATH'] = before));
    const { url, folder, lines } = await serve(context, '/dev/video7');
    const bin = join(folder, '.bin');
    await mkdir(bin);
    await writeFile(join(bin, 'frame.jpg'), jpeg);
    await writeFile(join(bin, 'ffmpeg'), program);
    await chmod(join(bin, 'ffmpeg'), 0o755);
    process.env['PATH'] = bin;
    const { nextOf } = await watch(context, url, key);
    await nextOf(400);
    await nextOf(640);
    const lost = lines.find(({ stream }) => stream === 'door');
    assert.equal(lost?.['reason'], '/dev/video7: No such device');
    const { readFile } = await import('node:fs/promises');
    const seen = JSON.parse(await readFile(join(bin, 'seen.json'), 'utf8')) as { arguments: string[]; names: string[] };
    assert.ok(seen.arguments.join(' ').includes('-f v4l2 -i /dev/video7'));
    // `npm run coverage` puts its own into every process.
    assert.deepEqual(seen.names.filter((name) => !name.startsWith('__') && name !== 'NODE_V8_COVERAGE'), ['PATH']);
    process.env['PATH'] = join(folder, 'nothing');
    await nextOf(640);
  }); // prettier-ignore
});

describe('a server without streams', () => {
  it('says how there would be one', async (context) => {
    const { url } = await serveFor(context, {});
    assert.deepEqual(await describeStreams(url), []);
    const refused = await send(url, { path: '/stream/door' });
    assert.equal(refused.status, 404);
    assert.match((jsonOf(refused) as { error: string }).error, /--stream NAME=SOURCE/);
  });
});
