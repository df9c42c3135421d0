import { Metadata, status, type StatusObject } from '@grpc/grpc-js';
import type { ErrorCode } from '../errors.js';
import type { CallFailure } from './host.js';

/** Status of every error code; a code without a row does not compile. */
const grpcStatusOf = {
  INVALID_INPUT: status.INVALID_ARGUMENT,
  USAGE: status.INVALID_ARGUMENT,
  MODEL_INVALID: status.INVALID_ARGUMENT,
  UNSUPPORTED_ENCODING: status.UNIMPLEMENTED,
  UNSUPPORTED_TRANSFER: status.UNIMPLEMENTED,
  METHOD_NOT_ALLOWED: status.UNIMPLEMENTED,
  UNAUTHORIZED: status.UNAUTHENTICATED,
  FORBIDDEN: status.PERMISSION_DENIED,
  NOT_FOUND: status.NOT_FOUND,
  MODEL_NOT_FOUND: status.NOT_FOUND,
  PAYLOAD_TOO_LARGE: status.RESOURCE_EXHAUSTED,
  QUEUE_FULL: status.RESOURCE_EXHAUSTED,
  RATE_LIMITED: status.RESOURCE_EXHAUSTED,
  MEMORY_FULL: status.RESOURCE_EXHAUSTED,
  CLIENT_GONE: status.CANCELLED,
  ENGINE_FAILED: status.INTERNAL,
  INTERNAL: status.INTERNAL,
  PORT_IN_USE: status.INTERNAL,
  DOCKER_UNREACHABLE: status.INTERNAL,
  DOCKER_REFUSED: status.INTERNAL,
  IMAGE_MISSING: status.INTERNAL,
  BUILD_FAILED: status.INTERNAL,
  CONTAINER_NOT_FOUND: status.INTERNAL,
  CONTAINER_EXITED: status.INTERNAL,
  READY_TIMEOUT: status.INTERNAL,
  SERVER_UNREACHABLE: status.INTERNAL,
  REQUEST_FAILED: status.INTERNAL,
  MODEL_NOT_READY: status.UNAVAILABLE,
  MODEL_QUARANTINED: status.UNAVAILABLE,
  CONTROL_DISABLED: status.UNAVAILABLE,
  QUEUE_TIMEOUT: status.UNAVAILABLE,
  SHUTTING_DOWN: status.UNAVAILABLE,
  STEP_FAILED: status.UNAVAILABLE,
  STEP_TIMEOUT: status.DEADLINE_EXCEEDED,
  WORKER_LOST: status.UNAVAILABLE,
  DEVICE_UNAVAILABLE: status.UNAVAILABLE,
} as const satisfies Record<ErrorCode, status>;

/** The status of an error code as clients call it: `RESOURCE_EXHAUSTED`. */
export function statusNameOf(code: ErrorCode): string {
  return status[grpcStatusOf[code]];
}

/** Status texts travel in a header, of which clients take 8 KiB with all others, and where most signs are written as three for each of their bytes. */
const longestHeader = 6000;

/** A failure as grpc-js sends it: with `retry-after` in the trailers where HTTP has the header. */
export function toStatus({ code, text, retryAfterSeconds }: CallFailure, metadata = new Metadata()): StatusObject {
  if (retryAfterSeconds !== undefined) metadata.set('retry-after', String(retryAfterSeconds));
  return { code: grpcStatusOf[code], details: headerText(text), metadata };
}

/** Whole characters only: half of a pair cannot be sent. */
function headerText(text: string): string {
  let [end, length] = [0, 0];
  for (const character of text) {
    length += 3 * Buffer.byteLength(character);
    if (length > longestHeader) break;
    end += character.length;
  }
  return Buffer.from(end === text.length ? text : `${text.slice(0, end)} ...`).toString();
}
