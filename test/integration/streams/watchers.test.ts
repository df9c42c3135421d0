import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import sharp from 'sharp';
import { parseKeys } from '../../../src/server/access/keys.js';
import { jsonOf, send } from '../../support/http.js';
import { describeStreams, jpeg, key, serve, watch } from './watching.js';

describe('the watchers of a stream', () => {
  it('who take no frames miss them: none is kept for them, and each is counted', async (context) => {
    const { url, server } = await serve(context, 'post');
    const { nextOf } = await watch(context, url, key);
    await nextOf(640);
    const noise = Buffer.from(Uint8Array.from({ length: 3 * 1200 * 900 }, (_, n) => (n * 2_654_435_761) >>> 24));
    const large = await sharp(noise, { raw: { width: 1200, height: 900, channels: 3 } })
      .jpeg()
      .toBuffer();
    const countsOf = async () => (await describeStreams(url, key))[0]!;
    let counts = await countsOf();
    for (let n = 0; n < 500 && counts.missed < 5; n += 1) {
      assert.equal((await send(url, { path: '/stream/door', body: large, headers: key })).status, 200);
      counts = await countsOf();
    }
    while (counts.answered + counts.dropped + counts.failed < counts.frames) counts = await countsOf();
    assert.ok(counts.missed >= 5, `${counts.missed} of ${counts.answered} missed`);
    assert.equal(counts.failed, 0);
    assert.equal(server.memory.usedBytes, 0);
    // What was not missed is all that comes, and then what is new.
    for (let n = counts.missed; n < counts.answered; n += 1) await nextOf(1200);
    const text = (await send(url, { path: '/metrics', headers: key })).body.toString();
    const labels = '{stream="door",model="scene"}';
    for (const [metric, value] of Object.entries({
      frames_received_total: counts.frames,
      frames_answered_total: counts.answered,
      frames_dropped_total: counts.dropped,
      frames_refused_total: 0,
      frames_missed_total: counts.missed,
      watchers: 1,
      connected: 1,
    }))
      assert.ok(text.includes(`\nslipway_stream_${metric}${labels} ${value}\n`), `${metric} ${value}`);
  });

  it('whose key is withdrawn are disconnected at the next frame, and others see it', async (context) => {
    const { url, keys } = await serve(context, 'post', ['guest:predict:guest']);
    const guestKey = { authorization: 'Bearer guest' };
    const [boss, guest] = [await watch(context, url, key), await watch(context, url, guestKey)];
    await guest.nextOf(640);
    keys.replace(parseKeys('boss:admin:boss'));
    await send(url, { path: '/stream/door', body: jpeg, headers: key });
    await boss.nextOf(400);
    await assert.rejects(guest.nextOf(400), /the stream has ended/);
    assert.equal((await watch(context, url, guestKey)).response.status, 401);
    assert.equal((await describeStreams(url, key))[0]?.watchers, 1);
  });

  it('are 64 at most: the next one is refused', async (context) => {
    const { url } = await serve(context, 'post');
    for (let n = 0; n < 64; n += 1) assert.equal((await watch(context, url, key)).response.status, 200);
    const refused = await send(url, { path: '/stream/door', headers: key });
    assert.equal(refused.headers['x-error-code'], 'QUEUE_FULL');
    assert.match((jsonOf(refused) as { error: string }).error, /has 64 watchers/);
  });
});
