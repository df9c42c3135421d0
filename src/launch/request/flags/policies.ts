import { splitKeyValue, flagError } from './csv.js';
import { parseCount } from './sizes.js';

/** The engine's restart policy. */
export interface RestartPolicy {
  readonly name: 'no' | 'on-failure' | 'always' | 'unless-stopped';
  readonly maximumRetries: number;
}

/** `no`, `always`, `unless-stopped`, `on-failure[:n]`. */
export function parseRestart(text: string): RestartPolicy {
  const [name, retries] = text.split(':');
  if (name === 'on-failure') {
    return { name, maximumRetries: retries === undefined ? 0 : parseCount('--restart', retries) };
  }
  if (retries === undefined && (name === 'no' || name === 'always' || name === 'unless-stopped')) {
    return { name, maximumRetries: 0 };
  }
  throw flagError('--restart', text, 'expected no, always, unless-stopped or on-failure[:retries]');
}

/** `key=value` pairs of --label and --log-opt; a label without `=` has an empty value. */
export function parsePair(flag: '--label' | '--log-opt', text: string): Readonly<Record<string, string>> {
  const { key, value } = splitKeyValue(text);
  if (key === '' || (value === undefined && flag === '--log-opt')) throw flagError(flag, text, 'expected name=value');
  return { [key]: value ?? '' };
}

/** One `--ulimit`: `memlock=-1:-1`; the hard limit is the soft one unless given. */
export interface Ulimit {
  readonly name: string;
  readonly soft: number;
  readonly hard: number;
}

/** `name=soft[:hard]`; -1 is unlimited. */
export function parseUlimit(text: string): Ulimit {
  const match = /^([a-z]+)=(-1|\d+)(?::(-1|\d+))?$/.exec(text);
  if (match?.[1] === undefined) throw flagError('--ulimit', text, 'expected name=soft[:hard], for instance memlock=-1');
  const soft = Number(match[2]);
  return { name: match[1], soft, hard: match[3] === undefined ? soft : Number(match[3]) };
}

/** `--tmpfs /run[:options]`. */
export function parseTmpfs(text: string): Readonly<Record<string, string>> {
  const [path = '', ...options] = text.split(':');
  if (!path.startsWith('/')) throw flagError('--tmpfs', text, 'expected an absolute path, for instance /run:size=64m');
  return { [path]: options.join(':') };
}

/** A container's name as the engine takes it. */
export function parseName(text: string): string {
  if (!/^[A-Za-z0-9][\w.-]+$/.test(text)) {
    throw flagError('--name', text, 'expected two or more letters, digits, _, . or -, the first a letter or digit');
  }
  return text;
}

/** `os/arch[/variant]`. */
export function parsePlatform(text: string): string {
  if (!/^[a-z0-9]+(\/[a-z0-9_]+){0,2}$/.test(text))
    throw flagError('--platform', text, 'expected os/arch such as linux/amd64');
  return text;
}
