import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Payload } from '../../targets/requests.js';
import { urlOf, type Origin } from '../../targets/target.js';

const run = promisify(execFile);

/** What wrk says of one run. */
export interface WrkFigures {
  readonly rate: number;
  readonly p50Ms: number;
}

/** Whether wrk is installed. */
export function hasWrk(): Promise<boolean> {
  return run('wrk', ['--version']).then(
    () => true,
    (error: unknown) => (error as { code?: unknown }).code !== 'ENOENT', // it prints its version and exits with 1
  );
}

/** One second of wrk with one request again and again. Rejects with its words where answers were not successes. */
export async function runWrk(
  origin: Origin,
  payload: Payload,
  { clients, folder, signal }: { readonly clients: number; readonly folder: string; readonly signal: AbortSignal },
): Promise<WrkFigures> {
  const [script, body] = [join(folder, 'wrk.lua'), join(folder, 'wrk.body')];
  await writeFile(body, payload.body);
  await writeFile(script, writeScript(body, payload.headers));
  const args = ['--threads', '1', '--connections', String(clients), '--duration', '1s', '--latency'];
  const { stdout } = await run('wrk', [...args, '--script', script, urlOf(origin) + payload.path], { signal });
  return parseWrk(stdout);
}

function writeScript(body: string, headers: Readonly<Record<string, string>>): string {
  const lines = Object.entries(headers).map(
    ([name, value]) => `wrk.headers[${JSON.stringify(name)}] = ${JSON.stringify(value)}`,
  );
  const open = `local file = io.open(${JSON.stringify(body)}, "rb")`;
  return [open, 'wrk.method = "POST"', 'wrk.body = file:read("*a")', 'file:close()', ...lines, ''].join('\n');
}

const milliseconds: Readonly<Record<string, number>> = { us: 0.001, ms: 1, s: 1000, m: 60_000 };

/** Rate and median latency out of what wrk prints. Throws with its line where there were errors. */
export function parseWrk(text: string): WrkFigures {
  const trouble = /^\s*(Non-2xx.*|Socket errors.*)$/m.exec(text)?.[1];
  if (trouble !== undefined) throw new Error(`wrk: ${trouble}`);
  const rate = /^Requests\/sec:\s+([\d.]+)/m.exec(text)?.[1];
  const [, p50, unit] = /^\s+50%\s+([\d.]+)(us|ms|s|m)$/m.exec(text) ?? [];
  if (rate === undefined || p50 === undefined) throw new Error(`wrk printed no figures: ${text.slice(0, 200)}`);
  return { rate: Number(rate), p50Ms: Number(p50) * (milliseconds[unit ?? 'ms'] ?? 1) };
}
