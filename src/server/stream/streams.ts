import { AppError } from '../../errors.js';
import { omitUndefined } from '../../omit-undefined.js';
import { configureImages, readUprightSize } from '../../image/decode.js';
import { drawOnImage } from '../../image/drawing/frame.js';
import type { Codec } from '../codec/codec.js';
import { parseOptions } from '../codec/prediction-options.js';
import type { Dataplane } from '../dataplane.js';
import { viewOf } from '../inference/model-view.js';
import { predict } from '../inference/predict.js';
import type { Log } from '../log/log.js';
import { RequestMemory, type MemoryBudget } from '../memory/memory-budget.js';
import type { Settings } from '../settings/settings.js';
import type { StreamSetting } from '../settings/streams.js';
import type { DrawnAnswer } from './overlay.js';
import { Stream, type Overlay, type StreamFigures } from './stream.js';
import type { ThreadBudget } from '../../resources/types.js';
import { systemTimers } from './timers.js';

/** What all streams of a server need. */
export interface StreamsDeps {
  readonly settings: Settings;
  readonly dataplane: Dataplane;
  readonly codec: Codec;
  readonly memory: MemoryBudget;
  readonly budget: ThreadBudget;
  readonly env: NodeJS.ProcessEnv;
  readonly log: Log;
}

/** Largest frame, unless the largest body of a request is smaller. */
const mostFrameBytes = 16 * 2 ** 20;
const mostHeaderBytes = 8192;

/** The streams of a server, by name. */
export class Streams {
  readonly frameBytes: number;
  readonly #streams: ReadonlyMap<string, Stream>;
  readonly #stopping = new AbortController();

  constructor(deps: StreamsDeps) {
    const { settings, env, log } = deps;
    const { bodyBytes, pixels: maxPixels } = settings.limits;
    if (settings.streams.length > 0) configureImages({ threads: deps.budget.imageThreads, maxPixels });
    this.frameBytes = Math.min(mostFrameBytes, bodyBytes);
    const limits = { frameBytes: this.frameBytes, headerBytes: mostHeaderBytes };
    const { signal } = this.#stopping;
    const show = (setting: StreamSetting, frame: Buffer, overlay: Overlay) =>
      showFrame(deps, frame, { setting, overlay, signal });
    const own = { timers: systemTimers, env, log, limits, show };
    this.#streams = new Map(settings.streams.map((setting) => [setting.name, new Stream(setting, own)]));
  }

  /** Throws NOT_FOUND. */
  get(name: string): Stream {
    const stream = this.#streams.get(name);
    if (stream !== undefined) return stream;
    const names = [...this.#streams.keys()].join(', ');
    const fix = names === '' ? 'Start the server with --stream NAME=SOURCE: docs/stream.md' : `There are: ${names}`;
    throw new AppError('NOT_FOUND', `This server has no stream '${name}'. ${fix}`);
  }

  describe(): object {
    return { streams: [...this.#streams.values()].map((stream) => stream.describe()) };
  }

  /** What is measured of each. */
  figures(): readonly StreamFigures[] {
    return [...this.#streams.values()].map((stream) => stream.figures());
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await Promise.all([...this.#streams.values()].map((stream) => stream.stop()));
  }
}

interface Showing {
  readonly setting: StreamSetting;
  readonly overlay: Overlay;
  readonly signal: AbortSignal;
}

/** A frame as a request to `POST /predictions/{model}` would be: the model's queue and the memory of all requests hold for it too. */
async function showFrame(
  { dataplane, codec, memory: budget }: StreamsDeps,
  frame: Buffer,
  { setting, overlay, signal }: Showing,
): Promise<Buffer> {
  const model = dataplane.model(setting.model, undefined);
  const ticket = model.admission.enter(frame.length);
  const memory = new RequestMemory(budget);
  let isAnswered = false;
  try {
    memory.take(2 * frame.length);
    const { segmentation, detection } = model.config;
    const hasMasks = segmentation !== undefined || detection?.masks !== undefined;
    const asked = hasMasks ? parseOptions({ mask: 'none' }) : {};
    // The copy goes to a worker; the frame is drawn on afterwards.
    const body = Buffer.from(frame);
    const view = viewOf(model);
    const call = { view, body, contentType: undefined, asked, withOutputs: false, signal, memory, trace: undefined };
    const answer = await predict(codec.of(signal), call);
    isAnswered = true;
    const draw = overlay(pickDrawn(JSON.parse(answer.body.toString('utf8')) as DrawnAnswer));
    const { width, height } = await readUprightSize(frame);
    memory.take(3 * width * height);
    return await drawOnImage(frame, draw);
  } finally {
    model.admission.leave(ticket, isAnswered);
    memory.close();
  }
}

function pickDrawn({ predictions, detections, segmentation }: DrawnAnswer): DrawnAnswer {
  return omitUndefined({ predictions, detections, segmentation });
}
