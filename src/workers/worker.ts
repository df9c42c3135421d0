import { parentPort } from 'node:worker_threads';
import { ortEngine } from '../engine/ort.js';
import { assertTelemetryOff } from '../engine/telemetry.js';
import type { FromWorker, ToWorker } from './messages.js';
import { SessionHost } from './session-host.js';

/**
 * Entry of a worker thread. It answers one message at a time and ends by itself on `stop`: a thread that is ended
 * from outside while the runtime works takes the whole process with it.
 */
function main(port: NonNullable<typeof parentPort>): void {
  assertTelemetryOff(process.env);
  const host = new SessionHost(ortEngine);
  const post = (answer: FromWorker): void => {
    port.postMessage(answer, answer.kind === 'ran' ? buffersOf(answer) : []);
  };
  port.on('message', (message: ToWorker) => {
    if (message.kind === 'stop') void host.releaseAll().then(() => port.close());
    else void host.answer(message).then(post);
  });
  post({ kind: 'started', runtimeVersion: ortEngine.version });
}

/** Every output has a buffer of its own: all of them move. */
function buffersOf({ outputs }: Extract<FromWorker, { kind: 'ran' }>): ArrayBuffer[] {
  return outputs.flatMap(([, tensor]) => (tensor.datatype === 'BYTES' ? [] : [tensor.data.buffer]));
}

if (parentPort !== null) main(parentPort);
