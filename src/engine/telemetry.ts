/** The variable that ONNX Runtime reads once, when the first session of the process is made. */
const telemetryVariable = 'ORT_DISABLE_TELEMETRY';

/**
 * Turns ONNX Runtime's telemetry off for this process and its children. `env` is the environment of the main thread's process object:
 * a worker's is a copy that native code never sees.
 */
export function disableTelemetry(env: NodeJS.ProcessEnv): void {
  env[telemetryVariable] = '1';
}

/** Throws unless telemetry is off; every thread and process that loads the runtime asks this first. */
export function assertTelemetryOff(env: NodeJS.ProcessEnv): void {
  if (env[telemetryVariable] === '1') return;
  throw new Error(
    `${telemetryVariable} is ${env[telemetryVariable] ?? 'not set'}, expected 1: call disableTelemetry with the main thread's environment first.`,
  );
}
