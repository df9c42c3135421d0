import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { bodyChunks } from '../../body-chunks.js';
import type { StreamSource } from '../settings/streams.js';
import { boundaryOf, MjpegParser, type MjpegLimits } from './mjpeg.js';
import type { Timers } from './timers.js';

/** How a source is read. */
export interface SourceDeps {
  readonly limits: MjpegLimits;
  readonly timers: Timers;
  readonly env: NodeJS.ProcessEnv;
  readonly onFrame: (frame: Buffer) => void;
  /** Ends it. */
  readonly signal: AbortSignal;
}

/** Longest time to the first frame, and from one to the next. */
export const silenceMs = 10_000;
/** What a program may take to end after it was asked to. */
const endMs = 2000;
const mostErrorText = 4096;

/** Reads a source until it ends, which rejects with the reason, also where `signal` ended it. */
export async function readSource(source: Exclude<StreamSource, { kind: 'post' }>, deps: SourceDeps): Promise<never> {
  const silence = new AbortController();
  const signal = AbortSignal.any([deps.signal, silence.signal]);
  const { after } = deps.timers;
  const isSilent = (): void => silence.abort(new Error(`no frame for ${silenceMs / 1000} s`));
  let cancel = after(silenceMs, isSilent);
  const onFrame = (frame: Buffer): void => {
    cancel();
    cancel = after(silenceMs, isSilent);
    deps.onFrame(frame);
  };
  try {
    const own = { ...deps, onFrame, signal };
    return await (source.kind === 'url' ? readUrl(source, own) : readDevice(source.path, own));
  } catch (thrown) {
    throw silence.signal.aborted ? silence.signal.reason : thrown;
  } finally {
    cancel();
  }
}

/** A camera of the network. Redirections are not followed: the operator named this address and no other. */
async function readUrl(
  { url, authorization }: Extract<StreamSource, { kind: 'url' }>,
  { limits, onFrame, signal }: SourceDeps,
): Promise<never> {
  const headers = { accept: 'multipart/x-mixed-replace', ...(authorization === undefined ? {} : { authorization }) };
  const response = await fetch(url, { headers, signal, redirect: 'manual' });
  if (!response.ok || response.body === null) {
    await response.body?.cancel();
    throw new Error(refusalOf(response.status));
  }
  try {
    const parser = new MjpegParser(boundaryOf(response.headers.get('content-type')), limits, onFrame);
    for await (const chunk of bodyChunks(response.body, signal)) parser.push(chunk);
  } finally {
    // A loop that is left cancels the body itself.
    if (!response.body.locked) await response.body.cancel();
  }
  throw new Error('the source has ended the stream');
}

function refusalOf(status: number): string {
  const text = `it answers ${status}`;
  if (status >= 300 && status < 400) return `${text}, a redirect: give the final address`;
  return status === 401 ? `${text}: put user and password into its URL (Basic; Digest is not known)` : text;
}

/** The boundary that ffmpeg writes. */
const boundary = 'ffmpeg';

/** What reads a video device, whatever form its images have. */
const argumentsFor = (path: string): readonly string[] => [
  ...['-hide_banner', '-loglevel', 'error', '-nostdin', '-fflags', 'nobuffer'],
  ...['-f', 'v4l2', '-i', path, '-an', '-c:v', 'mjpeg', '-q:v', '4', '-flush_packets', '1', '-f', 'mpjpeg', '-'],
];

/** A video device, read by ffmpeg in a process of its own, which knows none of the server's secrets. */
async function readDevice(path: string, { limits, onFrame, signal, env, timers }: SourceDeps): Promise<never> {
  const child = spawn('ffmpeg', argumentsFor(path), {
    env: { PATH: env['PATH'] },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = once(child, 'close') as Promise<[number | null, string | null]>;
  ended.catch(() => undefined);
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(-mostErrorText)));
  let cancel = (): void => undefined;
  const stop = (): void => {
    child.kill('SIGTERM');
    cancel = timers.after(endMs, () => child.kill('SIGKILL'));
  };
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  try {
    const parser = new MjpegParser(boundary, limits, onFrame);
    for await (const chunk of child.stdout as AsyncIterable<Buffer>) parser.push(chunk);
    const [code, by] = await ended;
    throw new Error(said.trim().split('\n').at(-1) || `ffmpeg ended with ${by ?? `exit code ${String(code)}`}`);
  } catch (thrown) {
    throw isMissing(thrown) ? new Error(missing) : thrown;
  } finally {
    signal.removeEventListener('abort', stop);
    if (child.exitCode === null && child.signalCode === null && child.pid !== undefined) stop();
    await ended.catch(() => undefined);
    cancel();
  }
}

const isMissing = (thrown: unknown): boolean => (thrown as { code?: unknown }).code === 'ENOENT';
const missing =
  'there is no ffmpeg here, which reads video devices: install it, or build the image with --build-arg WITH_CAMERA=1';
