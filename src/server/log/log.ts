import { escapeMisleading } from '../../protocol/paths.js';
import { pino, type Logger } from 'pino';
import type { LogSettings } from '../settings/settings.js';

/** The log of a server. */
export type Log = Logger;

/** Where lines go, and whether a person reads them. */
export interface LogTarget {
  readonly isTerminal: boolean;
  readonly write: (line: string) => void;
}

/** A logger of JSON lines, or of lines for people. It is given facts by name, never bodies, headers or keys. */
export function createLog({ level, format }: LogSettings, target: LogTarget): Log {
  const forPeople = format === 'text' || (format === 'auto' && target.isTerminal);
  const options = {
    level,
    base: null,
    messageKey: 'message',
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: levelName },
  };
  return pino(options, { write: forPeople ? (line) => target.write(formatLine(line)) : target.write });
}

const levelName = (level: string): object => ({ level });

/** `12:00:01 warn  text key=value`, from one JSON line; a stack goes on lines of its own. */
function formatLine(line: string): string {
  const { level, time, message, err, ...facts } = JSON.parse(line) as LogLine;
  const shown = Object.entries(facts).map(
    ([key, value]) => `${key}=${typeof value === 'string' ? escapeMisleading(value) : JSON.stringify(value)}`,
  );
  const words = [time.slice(11, 19), level.padEnd(5), message ?? '', ...shown].join(' ');
  return `${words}\n${err?.stack === undefined ? '' : `${err.stack}\n`}`;
}

interface LogLine {
  readonly level: string;
  readonly time: string;
  readonly message?: string;
  readonly err?: { readonly stack?: string };
  readonly [fact: string]: unknown;
}
