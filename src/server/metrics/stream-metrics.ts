import type { Registry } from 'prom-client';
import type { StreamFigures } from '../stream/stream.js';
import { register } from './exposition.js';

const counter = (name: string, help: string, count: keyof StreamFigures['counts']) => ({
  ...{ name: `slipway_stream_frames_${name}_total`, help, type: 'counter' as const },
  figure: ({ counts }: StreamFigures) => counts[count],
});

const rows = [
  counter('received', 'Frames that came from the source while somebody watched.', 'frames'),
  counter('answered', 'Frames that were run and shown.', 'answered'),
  counter('dropped', 'Frames that a newer one replaced before the model was free.', 'dropped'),
  counter(
    'refused',
    'Frames that got no answer: damaged, or refused by the model, its queue or the memory of requests.',
    'failed',
  ),
  counter('missed', 'Frames not sent to a watcher who was behind, for each watcher.', 'missed'),
  {
    ...{ name: 'slipway_stream_watchers', help: 'Clients that watch now.', type: 'gauge' as const },
    figure: ({ watchers }: StreamFigures) => watchers,
  },
  {
    ...{ name: 'slipway_stream_connected', help: 'Whether the source gives frames now.', type: 'gauge' as const },
    figure: ({ isLive }: StreamFigures) => (isLive ? 1 : 0),
  },
];

/** What became of the frames of each stream, who watches, and whether its source gives any. */
export function registerStreamMetrics(registry: Registry, streams: () => readonly StreamFigures[]): void {
  for (const { figure, ...metric } of rows) {
    const read = () => streams().map((of) => ({ labels: { stream: of.stream, model: of.model }, value: figure(of) }));
    register(registry, { ...metric, read });
  }
}
