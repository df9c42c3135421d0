/** Every way in which an operation can fail. Two edge tables turn codes into HTTP statuses and exit codes. */
export const errorCodes = [
  // the caller's input
  'INVALID_INPUT',
  'NOT_FOUND',
  'METHOD_NOT_ALLOWED',
  'PAYLOAD_TOO_LARGE',
  'UNSUPPORTED_ENCODING',
  'UNSUPPORTED_TRANSFER',
  'UNAUTHORIZED',
  'FORBIDDEN',
  'RATE_LIMITED',
  'USAGE',
  // models
  'MODEL_NOT_FOUND',
  'MODEL_NOT_READY',
  'MODEL_INVALID',
  'MODEL_QUARANTINED',
  'CONTROL_DISABLED',
  // running
  'QUEUE_FULL',
  'MEMORY_FULL',
  'QUEUE_TIMEOUT',
  'CLIENT_GONE',
  'SHUTTING_DOWN',
  'WORKER_LOST',
  'ENGINE_FAILED',
  'DEVICE_UNAVAILABLE',
  'PORT_IN_USE',
  'STEP_FAILED',
  'STEP_TIMEOUT',
  'INTERNAL',
  // containers
  'DOCKER_UNREACHABLE',
  'DOCKER_REFUSED',
  'IMAGE_MISSING',
  'BUILD_FAILED',
  'CONTAINER_NOT_FOUND',
  'CONTAINER_EXITED',
  'READY_TIMEOUT',
  // clients
  'SERVER_UNREACHABLE',
  'REQUEST_FAILED',
] as const;

/** What kind of failure it is. */
export type ErrorCode = (typeof errorCodes)[number];

/** Plain facts about a failure: numbers, names and limits, never secrets. */
export type ErrorDetails = Readonly<Record<string, unknown>>;

/** What an error carries beside its message. */
export interface AppErrorOptions {
  readonly details?: ErrorDetails;
  readonly cause?: unknown;
}

/** A failure with a code. The message says what failed, with the values, what was expected, and what to do. */
export class AppError extends Error {
  readonly code: ErrorCode;
  readonly details: ErrorDetails;

  constructor(code: ErrorCode, message: string, options: AppErrorOptions = {}) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined);
    this.name = 'AppError';
    this.code = code;
    this.details = options.details ?? {};
  }
}

/** A refusal, of which there may be thousands a second: it is made without the stack, which is dear and tells nothing. */
export function refusal(code: ErrorCode, message: string, options?: AppErrorOptions): AppError {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  const error = new AppError(code, message, options);
  Error.stackTraceLimit = stackTraceLimit;
  return error;
}

/** The form in which a failure crosses a thread: structured clone drops an Error's class and code. */
export interface PlainError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly details: ErrorDetails;
  readonly stack?: string;
}

/** Flattens anything thrown; what carries no code becomes `code`. */
export function toPlainError(thrown: unknown, code: ErrorCode = 'INTERNAL'): PlainError {
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  const stack = thrown instanceof Error && thrown.stack !== undefined ? { stack: thrown.stack } : {};
  if (thrown instanceof AppError) return { code: thrown.code, message, details: thrown.details, ...stack };
  return { code, message, details: {}, ...stack };
}

/** The reverse of toPlainError; the other thread's stack is kept as the cause. */
export function fromPlainError(plain: PlainError): AppError {
  const { code, message, details, stack } = plain;
  return new AppError(code, message, stack === undefined ? { details } : { details, cause: stack });
}

/** A command line parser's complaint (`error: unknown option '--prot'`, a hint on a line of its own) as a sentence without its full stop. */
export function toSentence(complaint: string): string {
  const text = complaint
    .replace(/^error: /, '')
    .replace(/\s+/g, ' ')
    .replace(/\.$/, '');
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** The message of anything thrown, for a sentence that wraps it. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

/** The first characters (UTF-16) of a text that quotes what clients or models named, which may be as long as a body or a file. */
export function shorten(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, most)} ...`;
}
