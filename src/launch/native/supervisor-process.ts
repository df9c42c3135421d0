// Runs one native server: starts it, writes down what it says and what becomes of it, and starts it again after a crash.
// Its one argument is the server's folder. SIGTERM and SIGINT pass on; a second one, or 30 seconds, kills the server.
import { spawn, type ChildProcess } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { constants } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { deservesRestart, exitCodeOf, restartDelayMs, soundAfterMs, type ProcessEnd } from './backoff.js';
import { askForLife, hangs, usualHangRule } from './hang-watch.js';
import { readIdentity } from './process.js';
import { LineCutter } from '../text/line-cutter.js';
import { RotatingLog } from './log-file.js';
import { readRecord, readState, writeAtomically, type NativeState } from './state.js';

const longestDrainMs = 30_000;
const lingerMs = 1000;
const [, , folder = ''] = process.argv;
const record = await readRecord(folder);
const supervisor = await readIdentity(process.pid);
if (record === undefined || record === 'unreadable' || supervisor === undefined)
  throw new Error(`No server is described in ${folder}.`);
const { request } = record;
const log = new RotatingLog(join(folder, 'server.log'));
const stop = new AbortController();
let child: ChildProcess | undefined;
let state: NativeState = { status: 'starting', supervisor, restarts: 0 };

let saving = Promise.resolve();

/** Writes the state, one write after the other. */
function save(change: Partial<NativeState>): Promise<void> {
  state = { ...state, ...change };
  const saved = state;
  saving = saving.then(() => writeAtomically(join(folder, 'state.json'), saved));
  return saving;
}

function note(text: string): void {
  log.write({ atMs: Date.now(), stream: 'stderr', text: `${text}\n` });
}

function onStopSignal(): void {
  if (stop.signal.aborted) child?.kill('SIGKILL');
  else child?.kill('SIGTERM');
  stop.abort();
  void save({ status: 'stopping' });
  setTimeout(() => child?.kill('SIGKILL'), longestDrainMs).unref();
}

/** Makes glibc give back the large buffers of a model's load, which each thread would else keep: half of an extra worker's memory. */
const allocator = { MALLOC_MMAP_THRESHOLD_: '1048576' };

/** How the last server ended, as its successor is told: it looks into what that one was doing. */
let ended: Readonly<Record<string, string>> = {};

/** Starts the server and answers how it ended; its output is in the log by then. */
function runServer(): Promise<ProcessEnd> {
  const [program = process.execPath, ...args] = request.program ?? [];
  const started = spawn(program, [...args, ...request.args], {
    cwd: request.cwd,
    env: { ...allocator, ...process.env, ...request.env, ...ended },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  child = started;
  for (const stream of ['stdout', 'stderr'] as const) {
    const cutter = new LineCutter((text) => log.write({ atMs: Date.now(), stream, text }));
    started[stream].setEncoding('utf8').on('data', (text: string) => cutter.push(text));
    started[stream].on('end', () => cutter.end());
  }
  void saveStarted(started.pid);
  const over = new AbortController();
  void endWhereItHangs(started, over.signal);
  return new Promise((resolve) => {
    started.on('error', (error) => {
      over.abort();
      note(`cannot start ${program}: ${error.message}`);
      resolve({ exitCode: 127, signal: null });
    });
    started.on('close', (exitCode, signal) => {
      over.abort();
      ended = signal === null ? {} : { SLIPWAY_ENDED: `${started.pid ?? 0}:${signal}` };
      resolve({ exitCode, signal });
    });
  });
}

/** Kills a server that runs, once answered, and answers no more: stopped, or in an endless loop. It is then started again as after a crash. */
async function endWhereItHangs(server: ChildProcess, signal: AbortSignal): Promise<void> {
  if (!request.restart || request.port === 0) return;
  const { everyMs, limitMs, misses } = request.hangRule ?? usualHangRule;
  const pause = (): Promise<boolean> => wait(everyMs, true, { signal }).catch(() => false);
  if (!(await hangs({ pause, ask: () => askForLife(request, limitMs) }, misses)) || stop.signal.aborted) return;
  note(
    `the server at ${request.host}:${request.port} left ${misses} questions unanswered for ${limitMs / 1000} s each: it hangs, and is ended`,
  );
  server.kill('SIGKILL');
}

async function saveStarted(pid: number | undefined): Promise<void> {
  const server = pid === undefined ? undefined : await readIdentity(pid);
  if (server === undefined) return;
  await save({ status: stop.signal.aborted ? 'stopping' : 'running', server, startedAtMs: Date.now() });
}

/** Runs the server until it need not run again. */
async function supervise(): Promise<void> {
  for (let crashes = 0; ;) {
    const startedAtMs = Date.now();
    const end = await runServer();
    const exitCode = exitCodeOf(end, constants.signals);
    const ran = Date.now() - startedAtMs;
    crashes = ran >= soundAfterMs ? 1 : crashes + 1;
    if (stop.signal.aborted || !request.restart || !deservesRestart(end)) {
      await save({ status: 'exited', exitCode, finishedAtMs: Date.now() });
      return;
    }
    const delayMs = restartDelayMs(crashes);
    const reason = end.signal === null ? `exit code ${exitCode}` : `signal ${end.signal}`;
    note(`the server ended with ${reason}; starting it again in ${delayMs / 1000} s`);
    await save({ status: 'restarting', exitCode, finishedAtMs: Date.now(), restarts: state.restarts + 1 });
    const isStopped = await wait(delayMs, false, { signal: stop.signal }).catch(() => true);
    if (isStopped) {
      await save({ status: 'exited' });
      return;
    }
  }
}

/** Takes the folder away after those who follow have read the end, unless a new server has it by then. */
async function removeFolder(): Promise<void> {
  await wait(lingerMs);
  const owner = (await readState(folder))?.supervisor;
  if (owner?.pid === supervisor?.pid && owner?.startedAt === supervisor?.startedAt) {
    await rm(folder, { recursive: true, force: true });
  }
}

process.on('SIGTERM', onStopSignal);
process.on('SIGINT', onStopSignal);
process.on('SIGHUP', () => undefined);
await save({ status: 'starting' });
await supervise();
log.close();
if (request.removeOnExit) await removeFolder();
process.exit(0);
