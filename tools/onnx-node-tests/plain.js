import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const entry = fileURLToPath(new URL('reference.js', import.meta.url));

/** Plain ONNX Runtime in a process, made anew where a model ended it: `ask` answers refused, failed or the outputs of a test. */
export function startPlainRuntime() {
  let child;
  const start = () =>
    fork(entry, {
      serialization: 'advanced',
      env: { ...process.env, ORT_DISABLE_TELEMETRY: '1' },
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    });
  return {
    async ask({ path, inputs }) {
      child ??= start();
      child.send({ path, inputs });
      const over = new AbortController();
      const { signal } = over;
      const [first, second] = await Promise.race([once(child, 'message', { signal }), once(child, 'exit', { signal })]);
      over.abort();
      if (typeof first === 'object' && first !== null) return first;
      child = undefined;
      return { failed: `the process ended with ${second ?? first}` };
    },
    stop: () => child?.kill(),
  };
}
