import type { Metrics } from '../metrics/metrics.js';
import type { LoopLink } from '../loop/loop-link.js';
import type { Changed, ModelChange, Question } from '../loop/messages.js';
import { wholeMetrics, type Snapshot } from './sum-metrics.js';

/** What one loop knows and does by itself. */
interface OwnPart {
  describeStatistics(name?: string, version?: string): object;
  changeHere(change: ModelChange): Promise<Changed>;
}

/** Answers what the other loops ask; the metrics of all, for whoever asks this one. */
export function joinLoops(loop: LoopLink, own: OwnPart, metrics: () => Promise<Metrics>): () => Promise<Metrics> {
  loop.answerWith(createAnswers(own, metrics));
  const whole = wholeMetrics(async () => (await loop.askAll({ what: 'metrics' })) as readonly Snapshot[]);
  return () => Promise.resolve(whole);
}

function createAnswers(own: OwnPart, metrics: () => Promise<Metrics>) {
  return async (question: Question): Promise<unknown> => {
    switch (question.what) {
      case 'metrics':
        return (await metrics()).read();
      case 'statistics':
        return own.describeStatistics(question.name, question.version);
      case 'change':
        return own.changeHere(question.change);
    }
  };
}
