import assert from 'node:assert/strict';
import { once } from 'node:events';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { createLog } from '../../../src/server/log/log.js';
import type { StreamSource } from '../../../src/server/settings/streams.js';
import { Stream } from '../../../src/server/stream/stream.js';
import { openCamera } from '../../integration/streams/camera.js';
import { StoppedClock } from './clock.js';

type Line = Readonly<Record<string, unknown>>;

/** What comes one by one; `next` waits for it. */
function createQueue<T>() {
  const held: T[] = [];
  let wake: (() => void) | undefined;
  const put = (one: T): void => {
    held.push(one);
    wake?.();
  };
  const next = async (): Promise<T> => {
    while (held.length === 0) await new Promise<void>((resolve) => (wake = resolve));
    return held.shift() as T;
  };
  return { put, next };
}

/** A stream whose model says nothing and whose frames are shown as they come. */
function openStream(context: TestContext, source: StreamSource, path = '') {
  const clock = new StoppedClock();
  const lines = createQueue<Line>();
  const write = (line: string) => lines.put(JSON.parse(line) as Line);
  const log = createLog({ level: 'info', format: 'json', access: false }, { isTerminal: false, write });
  const limits = { frameBytes: 2 ** 20, headerBytes: 1000 };
  const show = (_: unknown, frame: Buffer) => Promise.resolve(frame);
  const stream = new Stream(
    { name: 'door', model: 'scene', source },
    { timers: clock, env: { PATH: path }, log, limits, show },
  );
  context.after(() => stream.stop());
  return { stream, clock, nextLine: lines.next };
}

function createWatcher() {
  const frames = createQueue<Buffer>();
  const watcher = {
    isOpen: true,
    isAllowed: () => true,
    take: (jpeg: Buffer) => {
      frames.put(jpeg);
      return true;
    },
    end: () => (watcher.isOpen = false),
  };
  const nextOf = async (frame: Buffer): Promise<void> => {
    while (!(await frames.next()).equals(frame)) continue;
  };
  return { watcher, nextOf };
}

const frame = Buffer.concat([Buffer.from([0xff, 0xd8, 0xff]), Buffer.alloc(5000, 7)]);
const stateOf = (stream: Stream): string => (stream.describe() as { state: string }).state;

describe('a source that fails', () => {
  it('is tried again after 1, 2, 4, 8, 16 and then every 30 seconds', async (context) => {
    const camera = await openCamera(context, (_, response) => response.writeHead(503).end());
    const { stream, clock, nextLine } = openStream(context, { kind: 'url', url: `http://${camera.address}/` });
    stream.watch(createWatcher().watcher);
    for (const waitMs of [1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]) {
      const line = await nextLine();
      assert.deepEqual([line['reason'], line['retryInMs']], ['it answers 503', waitMs]);
      clock.advance(waitMs - 1);
      await setImmediate();
      assert.equal(stateOf(stream), 'waiting');
      clock.advance(1);
    }
  });

  it('is tried soon again once it has given a frame', async (context) => {
    const camera = await openCamera(context);
    const { stream, clock, nextLine } = openStream(context, { kind: 'url', url: `http://${camera.address}/` });
    const { watcher, nextOf } = createWatcher();
    let arrived = camera.nextViewer();
    stream.watch(watcher);
    for (const [givesFrame, waitMs] of [[false, 1000], [false, 2000], [true, 1000], [false, 2000]] as const) {
      await arrived;
      if (givesFrame) {
        camera.show(frame);
        await nextOf(frame);
      }
      camera.hangUp();
      assert.equal((await nextLine())['retryInMs'], waitMs);
      arrived = camera.nextViewer();
      clock.advance(waitMs);
    }
    await arrived;
  }); // prettier-ignore

  it('is left and tried again where it is silent for 10 seconds, before its first frame and after any', async (context) => {
    const camera = await openCamera(context);
    const { stream, clock, nextLine } = openStream(context, { kind: 'url', url: `http://${camera.address}/` });
    const { watcher, nextOf } = createWatcher();
    for (const frames of [0, 2]) {
      const arrived = camera.nextViewer();
      if (frames === 0) stream.watch(watcher);
      else clock.advance(1000);
      await arrived;
      const [viewer] = camera.viewers;
      for (let n = 0; n < frames; n += 1) {
        clock.advance(9999);
        camera.show(frame);
        await nextOf(frame);
      }
      clock.advance(9999);
      await setImmediate();
      assert.equal(stateOf(stream), frames === 0 ? 'connecting' : 'live');
      const left = once(viewer!, 'close');
      clock.advance(1);
      assert.equal((await nextLine())['reason'], 'no frame for 10 s');
      assert.equal(stateOf(stream), 'waiting');
      await left;
    }
  });

  it('is no camera: programs that post nothing for 10 seconds are waited for', (context) => {
    const { stream, clock } = openStream(context, { kind: 'post' });
    stream.watch(createWatcher().watcher);
    stream.post(frame);
    clock.advance(9999);
    assert.equal(stateOf(stream), 'live');
    clock.advance(1);
    assert.match(JSON.stringify(stream.describe()), /"waiting","reason":"no frame was posted for 10 s"/);
    assert.equal(stream.post(frame), 1);
    assert.equal(stateOf(stream), 'live');
  });
});

describe('the watchers of a stream', () => {
  it('are 64 at most, and one who leaves makes room', (context) => {
    const { stream } = openStream(context, { kind: 'post' });
    const leaves = Array.from({ length: 64 }, () => {
      stream.checkRoom();
      return stream.watch(createWatcher().watcher);
    });
    assert.throws(() => stream.checkRoom(), { code: 'QUEUE_FULL', message: /64 watchers/ });
    leaves[17]!();
    stream.checkRoom();
    assert.equal(stream.figures().watchers, 63);
  });

  it('are disconnected when they have taken nothing for a minute, and each frame that they miss is counted', async (context) => {
    const { stream, clock } = openStream(context, { kind: 'post' });
    const quick = createWatcher();
    const { watcher: stuck } = createWatcher();
    stream.watch(quick.watcher);
    stream.watch(Object.assign(stuck, { take: () => false }));
    for (const [atMs, isOpen] of [[0, true], [60_000, true], [1, false], [1, false]] as const) {
      clock.advance(atMs);
      stream.post(frame);
      await quick.nextOf(frame);
      assert.equal(stuck.isOpen, isOpen, `${clock.now()} ms`);
    }
    const { counts, watchers } = stream.figures();
    // The text that there is no frame yet is one more, at 10 seconds.
    assert.deepEqual([counts.answered, counts.missed >= 3, watchers], [4, true, 1]);
  }); // prettier-ignore
});

describe('the program that reads a video device', () => {
  /** Answers as ffmpeg does, with one frame, and writes its process id and what it was told. */
  const programs: Readonly<Record<string, string>> = {
    obeys: `process.on('SIGTERM', (name) => { put('told', name); process.exit(0); })`,
    resists: `process.on('SIGTERM', () => {})`,
  };
  async function openDevice(context: TestContext, behaviour: string) {
    const bin = await mkdtemp(join(tmpdir(), 'slipway-ffmpeg-'));
    context.after(() => rm(bin, { recursive: true, force: true }));
    const text = `#!${process.execPath}
const { writeFileSync } = require('node:fs');
const put = (name, text) => writeFileSync(${JSON.stringify(bin)} + '/' + name, String(text));
${behaviour};
put('pid', process.pid);
process.stdout.write(Buffer.concat([Buffer.from('--ffmpeg\\r\\nContent-length: ${frame.length}\\r\\n\\r\\n'), Buffer.from('${frame.toString('hex')}', 'hex'), Buffer.from('\\r\\n')]));
setInterval(() => {}, 1e6);
`;
    await writeFile(join(bin, 'ffmpeg'), text);
    await chmod(join(bin, 'ffmpeg'), 0o755);
    const opened = openStream(context, { kind: 'device', path: '/dev/video7' }, bin);
    const { watcher, nextOf } = createWatcher();
    const leave = opened.stream.watch(watcher);
    await nextOf(frame);
    const pid = Number(await readFile(join(bin, 'pid'), 'utf8'));
    return { ...opened, leave, pid, told: () => readFile(join(bin, 'told'), 'utf8') };
  }
  const isAlive = (pid: number): boolean => {
    try {
      return process.kill(pid, 0);
    } catch {
      return false;
    }
  };

  it('is ended by SIGTERM 5 seconds after the last watcher left', async (context) => {
    const { stream, clock, leave, pid, told } = await openDevice(context, programs['obeys']!);
    leave();
    clock.advance(4999);
    assert.deepEqual([stateOf(stream), isAlive(pid)], ['live', true]);
    clock.advance(1);
    assert.equal(stateOf(stream), 'idle');
    await stream.stop();
    assert.deepEqual([isAlive(pid), await told()], [false, 'SIGTERM']);
  });

  it('is killed where that does not end it within 2 seconds', async (context) => {
    const { stream, clock, leave, pid } = await openDevice(context, programs['resists']!);
    leave();
    clock.advance(5000);
    await setImmediate();
    clock.advance(1999);
    assert.ok(isAlive(pid));
    clock.advance(1);
    await stream.stop();
    assert.ok(!isAlive(pid));
  });

  it('is begun again where somebody else ends it, and the log says by what', async (context) => {
    const { pid, nextLine } = await openDevice(context, '');
    process.kill(pid, 'SIGTERM');
    assert.equal((await nextLine())['reason'], 'ffmpeg ended with SIGTERM');
  });
});
