import { AppError, messageOf, type ErrorCode } from '../../errors.js';
import type { HealthReason } from '../../protocol/server-health.js';
import type { FailureArea, KnownFailure } from './known-failure.js';
import { buildFailures, diagnose, transferFailures } from './table.js';
import type { Refusal } from '../decide/refusal.js';

const codeOfArea: Readonly<Partial<Record<FailureArea, ErrorCode>>> = {
  gpu: 'DEVICE_UNAVAILABLE',
  port: 'PORT_IN_USE',
  network: 'DOCKER_REFUSED',
  image: 'IMAGE_MISSING',
};

/** A refusal as an error: cause, then the fix on its own line. */
export function toError({ code, cause, fix }: Refusal, variant?: string): AppError {
  const subject = variant === undefined || variant === 'auto' ? '' : `--variant ${variant} is not possible: `;
  return new AppError(code, `${subject}${cause}\n  fix: ${fix}`, { details: { cause, fix } });
}

/** What the engine threw, with cause and fix where its text is known. */
export function explainEngineError(thrown: unknown): AppError {
  const text = engineTextOf(thrown);
  const found = diagnose(text);
  if (found === undefined)
    return thrown instanceof AppError ? thrown : new AppError('INTERNAL', messageOf(thrown), { cause: thrown });
  // What is not there is no container: the engine's status would say so.
  const before = thrown instanceof AppError && thrown.code !== 'NOT_FOUND' ? thrown.code : 'DOCKER_REFUSED';
  return withDiagnosis(found, { code: codeOfArea[found.area] ?? before, text, cause: thrown });
}

/** What kept an image from coming or going, with cause and fix where the engine's or the registry's text is known. */
export function explainTransfer(thrown: unknown): unknown {
  if (!(thrown instanceof AppError) || thrown.code === 'DOCKER_UNREACHABLE') return thrown;
  const text = engineTextOf(thrown);
  const found = diagnose(text, transferFailures);
  if (found === undefined) return thrown;
  const { cause, fix, id } = found;
  const message = `${thrown.message.replace(text, cause)}.\n  engine: ${text}\n  fix: ${fix}`;
  return new AppError(thrown.code, message, {
    details: { ...thrown.details, failure: id, cause, fix },
    cause: thrown,
  });
}

/** A build that failed, with cause and fix where its last lines hold a known text. */
export function explainBuild(thrown: unknown): unknown {
  if (!(thrown instanceof AppError) || thrown.code !== 'BUILD_FAILED') return thrown;
  const found = diagnose(thrown.message, buildFailures);
  if (found === undefined) return thrown;
  const { cause, fix, id } = found;
  return new AppError('BUILD_FAILED', `${thrown.message}\n  cause: ${cause}\n  fix: ${fix}`, {
    details: { ...thrown.details, failure: id, cause, fix },
    cause: thrown,
  });
}

function withDiagnosis(found: KnownFailure, of: { code: ErrorCode; text: string; cause: unknown }): AppError {
  const { id, cause, fix } = found;
  const message = `${cause.charAt(0).toUpperCase()}${cause.slice(1)}.\n  engine: ${of.text}\n  fix: ${fix}`;
  return new AppError(of.code, message, { details: { failure: id, cause, fix, engine: of.text }, cause: of.cause });
}

function engineTextOf(thrown: unknown): string {
  if (thrown instanceof AppError && typeof thrown.details['engine'] === 'string') return thrown.details['engine'];
  return messageOf(thrown);
}

/** What a server that ended, or never became ready, leaves behind. */
export interface Unready {
  readonly name: string;
  readonly code: 'CONTAINER_EXITED' | 'READY_TIMEOUT';
  readonly what: string;
  readonly logLines: readonly string[];
  /** Whether the lines were shown already, as they came. */
  readonly wasShown: boolean;
}

/** The failure of a start, with the last log lines and, where they hold a known text, cause and fix. */
export function unreadyError({ name, code, what, logLines, wasShown }: Unready): AppError {
  const found = diagnose(logLines.join('\n'));
  const tail =
    wasShown || logLines.length === 0 ? [] : ['  last lines:', ...logLines.slice(-20).map((line) => `    ${line}`)];
  const hint = found === undefined ? [] : [`  cause: ${found.cause}`, `  fix: ${found.fix}`];
  const finalCode = found?.area === 'gpu' ? 'DEVICE_UNAVAILABLE' : code;
  return new AppError(finalCode, [`${name} ${what}`, ...tail, ...hint].join('\n'), {
    details: {
      name,
      logLines,
      ...(found === undefined ? {} : { failure: found.id, cause: found.cause, fix: found.fix }),
    },
  });
}

/** A server that runs and says that it will never serve. */
export interface NeverReady extends Pick<Unready, 'name' | 'logLines' | 'wasShown'> {
  readonly reasons: readonly HealthReason[];
  /** How its lines are looked at; undefined: by starting it once more. */
  readonly toLook?: string;
}

/** The failure of a server that runs, but serves nothing: every reason whole, then cause and fix of the first. */
export function neverReadyError({ name, reasons, logLines, wasShown, ...rest }: NeverReady): AppError {
  const noDevice = reasons.find(({ code }) => code === 'DEVICE_UNAVAILABLE');
  const first = noDevice ?? reasons[0];
  const { toLook = `launch up --keep, then launch logs ${name}` } = rest;
  const known = diagnose([first?.message ?? '', ...logLines].join('\n'));
  const [said = '', toFix] = (first?.message ?? 'it gives no reason').split(/ To fix: /);
  const cause = noDevice === undefined || known === undefined ? said : known.cause;
  const fix = toFix ?? known?.fix ?? `look at the lines of the server: ${toLook}`;
  const shown = wasShown ? [] : reasons.slice(0, mostReasons).map(({ message }) => `  reason: ${message}`);
  const more = reasons.length - mostReasons;
  const lines = [`${name} runs, but will never be ready.`, ...shown, ...(more > 0 ? [`  and ${more} more`] : [])];
  const code = noDevice === undefined ? 'MODEL_NOT_READY' : 'DEVICE_UNAVAILABLE';
  return new AppError(code, [...lines, `  fix: ${fix.replace(/\.$/, '')}`].join('\n'), {
    details: { name, reasons, logLines, cause: cause.replace(/\.$/, ''), fix },
  });
}

const mostReasons = 5;

/** Whether `auto` may try its next variant after this failure: no GPU by this way, or no image of this variant. */
export function permitsFallback(thrown: unknown): thrown is AppError {
  return thrown instanceof AppError && /^(DEVICE_UNAVAILABLE|BUILD_FAILED|IMAGE_MISSING)$/.test(thrown.code);
}

/** A failed start as the reason why a variant loses. */
export function toRefusal({ code, message, details }: AppError): Refusal {
  const text = (key: string): string | undefined => (typeof details[key] === 'string' ? details[key] : undefined);
  return {
    code,
    cause: text('cause') ?? (message.split('\n')[0] ?? message).replace(/ The builder's last lines:$/, ''),
    fix: text('fix') ?? 'launch doctor',
  };
}
