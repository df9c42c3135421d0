import { AppError, messageOf, type ErrorCode } from '../../errors.js';
import { asRecord, asText } from '../../store/json.js';
import { isPodmans, startOwnPodman, type DockerEndpoint } from './address/endpoint.js';
import type { Subject } from './api/transport.js';

const unreachable =
  /^(ENOENT|ECONNREFUSED|EACCES|EPERM|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ECONNRESET|EPIPE)$/;
const isTlsCode = /^(ERR_TLS|ERR_SSL|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO|EPROTO)/;

/** What an engine's text means, whatever its status: the first pattern that matches wins. */
const meanings: readonly (readonly [RegExp, ErrorCode])[] = [
  [/no such container/i, 'CONTAINER_NOT_FOUND'],
  [/no such image|manifest( for .+)? (unknown|not found)|pull access denied|repository .+ not found/i, 'IMAGE_MISSING'],
  [/image does not exist locally|reference does not exist|failed to resolve reference .+ not found/i, 'IMAGE_MISSING'],
];

/** Turns what the engine's client threw into an AppError that keeps the engine's own text. */
export function toDockerError(thrown: unknown, subject: Subject, endpoint: DockerEndpoint): AppError {
  if (thrown instanceof AppError) return thrown;
  const fields = asRecord(thrown);
  const status = fields['statusCode'];
  if (status === 404 && subject.action === 'ask the engine') return noEngine(engineText(fields), endpoint);
  if (typeof status === 'number') return refused(engineText(fields), { subject, status });
  return disconnected(thrown, subject, endpoint);
}

/** An error that came as a line of a progress stream, after a status of 200. */
export function toStreamError(text: string, subject: Subject): AppError {
  if (subject.kind === 'build') {
    return new AppError('BUILD_FAILED', `Could not ${subject.action}: ${text}`, { details: { engine: text } });
  }
  return refused(text, { subject, status: 200 });
}

function refused(text: string, { subject, status }: { readonly subject: Subject; readonly status: number }): AppError {
  // Whatever keeps an image from coming: there is none.
  const meaning = subject.kind === 'pull' ? 'IMAGE_MISSING' : meanings.find(([pattern]) => pattern.test(text))?.[1];
  const missing = subject.kind === 'image' ? 'IMAGE_MISSING' : 'NOT_FOUND';
  const code = meaning ?? (status === 404 ? missing : 'DOCKER_REFUSED');
  const details = { engine: text, status, ...(subject.ref === undefined ? {} : { ref: subject.ref }) };
  const reason = text === '' ? `status ${status} without a reason, perhaps of a proxy in between` : text;
  return new AppError(code, `Could not ${subject.action}: ${reason}`, { details });
}

/** What every engine answers, this one does not know: a web server, or a proxy. */
function noEngine(text: string, endpoint: DockerEndpoint): AppError {
  const { url, source } = endpoint;
  const said = text === '' ? '' : ` (${text.slice(0, 200)})`;
  const sentence = `What answers at ${url} (from ${source}) is no container engine: status 404${said}. ${adviceFor('', endpoint)}`;
  return new AppError('DOCKER_UNREACHABLE', sentence, { details: { url, source, engine: text, status: 404 } });
}

/** An engine that took a question, and did not answer it. */
export function toSilence(limitMs: number, subject: Subject, { url }: DockerEndpoint): AppError {
  const text = `The engine at ${url} did not answer within ${limitMs / 1000} s while trying to ${subject.action}. Check it (docker info), or choose another with --context or -H.`;
  return new AppError('DOCKER_UNREACHABLE', text, { details: { url } });
}

/** An engine that lives, and does not come to the end of one action. */
export function toHang(limitMs: number, subject: Subject, { url }: DockerEndpoint): AppError {
  const text = `The engine at ${url} lives, but has not come to an end after ${limitMs / 60_000} min of trying to ${subject.action}.`;
  const fix = 'restart it (sudo systemctl restart docker), then the same command again';
  return new AppError('DOCKER_UNREACHABLE', `${text}\n  fix: ${fix}`, { details: { url, fix } });
}

function disconnected(thrown: unknown, subject: Subject, endpoint: DockerEndpoint): AppError {
  const code = asText(asRecord(thrown)['code']);
  const text = messageOf(thrown);
  const details = { url: endpoint.url, source: endpoint.source, engine: text, errno: code };
  const known = unreachable.test(code) || isTlsCode.test(code);
  const sentence = known
    ? `No container engine answers at ${endpoint.url} (from ${endpoint.source}): ${text}. ${adviceFor(code, endpoint)}`
    : `The connection to the container engine at ${endpoint.url} broke while trying to ${subject.action}: ${text}.`;
  return new AppError('DOCKER_UNREACHABLE', sentence, { details, cause: thrown });
}

function adviceFor(code: string, endpoint: DockerEndpoint): string {
  const { url, address, remoteHost, source } = endpoint;
  if (isPodmans(endpoint)) return `Start your own: ${startOwnPodman}; or run without one: --variant native.`;
  if (code === 'EACCES' || code === 'EPERM') {
    return 'Your user may not use this socket: join its group (sudo usermod -aG docker $USER, then log in again).';
  }
  if (isTlsCode.test(code)) return 'Check DOCKER_TLS_VERIFY and DOCKER_CERT_PATH, or the certificates of the context.';
  if (source === '-H' && address.kind === 'tcp') {
    return `-H names the engine, not where the server listens: that is -p ${url.replace(/^\w+:\/\/|:\d+\/?$/g, '')}:8000:8000.`;
  }
  if (remoteHost !== undefined) return `Check that ${remoteHost} is up and that its engine listens there.`;
  if (address.kind === 'tcp') return 'Check that an engine listens there, or choose another with -H or --context.';
  return 'Start it (sudo systemctl start docker), choose another with --context or -H, or run without one: --variant native.';
}

/** The engine's sentence out of the client's `(HTTP code 500) server error - text `. */
function engineText(fields: Readonly<Record<string, unknown>>): string {
  const json = asText(asRecord(fields['json'])['message']);
  if (json !== '') return json.trim();
  return asText(fields['message'])
    .replace(/^\(HTTP code \d+\) [^-]* - /, '')
    .trim();
}
