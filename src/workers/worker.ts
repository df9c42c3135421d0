import { parentPort } from 'node:worker_threads';
import { ortEngine } from '../engine/ort.js';
import { assertTelemetryOff } from '../engine/telemetry.js';
import type { FromWorker, ToWorker } from './messages.js';
import { decodeRun, encodeRan } from './run-codec.js';
import { SessionHost } from './session-host.js';

/**
 * Entry of a worker thread. It answers one message at a time and ends by itself on `stop`: a thread that is ended
 * from outside while the runtime works takes the whole process with it.
 */
function main(port: NonNullable<typeof parentPort>): void {
  assertTelemetryOff(process.env);
  const host = new SessionHost(ortEngine);
  const post = (answer: FromWorker): void => {
    const { message, transfer } = answer.kind === 'ran' ? encodeRan(answer) : { message: answer, transfer: [] };
    port.postMessage(message, transfer);
  };
  port.on('message', (message: string | ToWorker) => {
    if (typeof message === 'string') void host.answer(decodeRun(message)).then(post);
    else if (message.kind === 'stop') void host.releaseAll().then(() => port.close());
    else void host.answer(message).then(post);
  });
  post({ kind: 'started', runtimeVersion: ortEngine.version });
}

if (parentPort !== null) main(parentPort);
