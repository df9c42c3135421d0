import type { ErrorCode } from '../errors.js';

/** What the process answers for each failure; the container's own exit code is passed through unchanged. */
export const exitCodes = {
  INVALID_INPUT: 2,
  USAGE: 2,
  DEVICE_UNAVAILABLE: 3,
  DOCKER_UNREACHABLE: 4,
  IMAGE_MISSING: 5,
  BUILD_FAILED: 5,
  CONTAINER_EXITED: 6,
  READY_TIMEOUT: 6,
  PORT_IN_USE: 7,
  CONTAINER_NOT_FOUND: 8,
  NOT_FOUND: 8,
  SERVER_UNREACHABLE: 9,
  REQUEST_FAILED: 9,
  DOCKER_REFUSED: 125,
  METHOD_NOT_ALLOWED: 1,
  PAYLOAD_TOO_LARGE: 1,
  UNSUPPORTED_ENCODING: 1,
  UNAUTHORIZED: 1,
  MODEL_NOT_FOUND: 1,
  MODEL_NOT_READY: 1,
  MODEL_INVALID: 1,
  CONTROL_DISABLED: 1,
  QUEUE_FULL: 1,
  QUEUE_TIMEOUT: 1,
  CLIENT_GONE: 1,
  SHUTTING_DOWN: 1,
  WORKER_LOST: 1,
  ENGINE_FAILED: 1,
  INTERNAL: 1,
} as const satisfies Record<ErrorCode, number>;

/** The exit code of a run that a signal ended: 128 plus the signal's number. */
export const interruptedExitCode = 130;
