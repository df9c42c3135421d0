const root = new URL('../', import.meta.url);
const slot = 'slipway-key';

/** What the server refused, in its own words, or that it could not be reached. */
export class ServerError extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

/** Absolute address of a path of the server that this page came from. */
export const urlOf = (path) => new URL(path, root).href;

/** Keeps the API key for this tab. */
export function keepKey(key) {
  window.sessionStorage.setItem(slot, key);
}

export function forgetKey() {
  window.sessionStorage.removeItem(slot);
}

/** The key of this tab, or null. */
export const givenKey = () => window.sessionStorage.getItem(slot);

export const hasKey = () => givenKey() !== null;

/** Sends a request with the key, if there is one, and answers the response as soon as it begins. Throws ServerError. */
export async function ask(path, { method = 'GET', body, headers = {}, signal } = {}) {
  const key = givenKey();
  const all = key === null ? headers : { ...headers, authorization: `Bearer ${key}` };
  const response = await fetch(urlOf(path), { method, body, headers: all, signal, cache: 'no-store' }).catch(() => {
    throw new ServerError(0, `No answer from ${root.host}. Is the server still running?`);
  });
  if (response.ok) return response;
  const text = await response.text().catch(breakOff);
  throw new ServerError(response.status, errorText(text, response.status));
}

/** The same to its end. Answers body, headers and the time it took here; throws ServerError. */
export async function call(path, { as = 'json', ...request } = {}) {
  const startedMs = performance.now();
  const response = await ask(path, request);
  const answer = await (as === 'blob' ? response.blob() : response.text()).catch(breakOff);
  const wallMs = performance.now() - startedMs;
  return { body: as === 'json' ? readJson(answer) : answer, headers: response.headers, wallMs };
}

function breakOff() {
  throw new ServerError(0, `The answer from ${root.host} broke off.`);
}

function readJson(text) {
  try {
    return parseAnswer(text || 'null');
  } catch {
    const start = text.slice(0, 80);
    throw new ServerError(
      0,
      `The answer from ${root.host} is not JSON, it starts with "${start}". Is a proxy between?`,
    );
  }
}

/** JSON with integers beyond 2^53 as BigInt, in browsers that show a number's own text; older ones round them. */
export function parseAnswer(text) {
  return JSON.parse(text, (key, value, context) => {
    const isRounded = typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value);
    return isRounded && /^-?\d+$/.test(context?.source ?? '') ? BigInt(context.source) : value;
  });
}

function errorText(text, status) {
  try {
    return JSON.parse(text).error ?? text;
  } catch {
    return text || `The server answered ${status}.`;
  }
}

/** Parts of a Server-Timing header in order, [{name, ms}]; parts without a duration are left out. */
export function parseServerTiming(header) {
  return [...(header ?? '').matchAll(/([\w-]+)[^,]*?;\s*dur=([\d.]+)/g)].map(([, name, ms]) => ({
    name,
    ms: Number(ms),
  }));
}
