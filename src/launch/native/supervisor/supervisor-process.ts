// Runs one native server: starts it, writes down what it says and what becomes of it, starts it again after a crash, and lets another
// one take its place. Its one argument is the server's folder. SIGTERM and SIGINT pass on; a second one, or 30 seconds, kills the server.
// SIGUSR2: next.json in the folder says what is to take the server's place, or that it is not to; without it, state.json is written anew.
import { rename, rm } from 'node:fs/promises';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { messageOf } from '../../../errors.js';
import { launchedRestartPolicy, Restarts } from '../../../restart-policy.js';
import { deservesRestart, exitCodeOf, holdsConnections, Generation, type GenerationStart } from './generation.js';
import { askForLife, hangs, usualHangRule } from './hang-watch.js';
import { allocator } from './allocator.js';
import { readIdentity } from '../process.js';
import { RotatingLog } from '../log.js';
import { OwedWrites } from './owed-writes.js';
import { takeTurn, textOf } from './take-turn.js';
import { readRecord, readState, takeNext, writeAtomically, type NativeState, type NextServer } from '../state.js';

const longestDrainMs = 30_000;
/** A server that does not say within this time that it takes no more connections hangs. */
const mostTakingMs = 5000;
const lingerMs = 1000;
let [, , folder = ''] = process.argv;
const record = await readRecord(folder);
const supervisor = await readIdentity(process.pid);
if (record === undefined || record === 'unreadable' || supervisor === undefined)
  throw new Error(`No server is described in ${folder}.`);
const log = new RotatingLog(join(folder, 'server.log'));
const stop = new AbortController();
const living = new Set<Generation>();
let state: NativeState = { status: 'starting', supervisor, restarts: 0 };

const writes = new OwedWrites((thrown) =>
  note(`what the server does cannot be written down, and is tried again every second: ${messageOf(thrown)}`),
);

function writeState(): Promise<void> {
  return writeAtomically(join(folder, 'state.json'), state);
}

function save(change: Partial<NativeState>): Promise<void> {
  state = { ...state, ...change };
  return writes.add(writeState);
}

function note(text: string): void {
  log.write({ atMs: Date.now(), stream: 'stderr', text: `${text}\n` });
}

function endAll(signal: NodeJS.Signals): void {
  for (const generation of living) generation.kill(signal);
}

function onStopSignal(): void {
  endAll(stop.signal.aborted ? 'SIGKILL' : 'SIGTERM');
  stop.abort();
  void save({ status: 'stopping' });
  setTimeout(() => endAll('SIGKILL'), longestDrainMs).unref();
}

function start(way: Omit<GenerationStart, 'onLine'>): Generation {
  const generation = new Generation({
    ...way,
    env: { ...allocator, ...way.env },
    onLine: (line) => log.write({ atMs: Date.now(), ...line }),
  });
  living.add(generation);
  void generation.ended.then(() => living.delete(generation));
  return generation;
}

/** The replacement under way, one at a time. */
let replacing: Promise<unknown> = Promise.resolve();
let abandon = new AbortController();
/** The last server that was asked for. */
let lastId: number | undefined;

process.on('SIGTERM', onStopSignal);
process.on('SIGINT', onStopSignal);
process.on('SIGHUP', () => undefined);
let env: NodeJS.ProcessEnv = process.env;
await writeState();
// Not before: two at a time would write one file.
process.on('SIGUSR2', () => void onNext());
/** What serves, or is being started again. */
let current = start({ request: record.request, env, sockets: new Map(), waits: false });

/** From here on this is what serves; one that crashed before is known by `ended`. */
async function serveBy(generation: Generation): Promise<void> {
  current = generation;
  void endWhereItHangs(generation);
  const never = new AbortController().signal;
  void generation
    .until(() => generation.said.serving !== undefined, never)
    .then((serves) => (serves && current === generation ? save({ handsOver: mayLeave(generation) }) : undefined));
  const server = generation.pid === undefined ? undefined : await readIdentity(generation.pid);
  if (server === undefined || current !== generation) return;
  await save({ status: stop.signal.aborted ? 'stopping' : 'running', server, startedAtMs: Date.now() });
}

/** Whether another one may take its place while it serves, or why not. */
function mayLeave({ said }: Generation): true | string {
  return said.serving?.obstacle ?? true;
}

/** Kills a server that runs, once answered, and answers no more: stopped, or in an endless loop. It is then started again as after a crash. */
async function endWhereItHangs(generation: Generation): Promise<void> {
  const { request } = generation;
  if (!request.restart || request.port === 0) return;
  const { everyMs, limitMs, misses } = request.hangRule ?? usualHangRule;
  const over = new AbortController();
  void generation.ended.then(() => over.abort());
  const signal = AbortSignal.any([over.signal, generation.superseded]);
  const pause = (): Promise<boolean> => wait(everyMs, true, { signal }).catch(() => false);
  if (!(await hangs({ pause, ask: () => askForLife(request, limitMs) }, misses)) || stop.signal.aborted) return;
  note(
    `the server at ${request.host}:${request.port} left ${misses} questions unanswered for ${limitMs / 1000} s each: it hangs, and is ended`,
  );
  generation.kill('SIGKILL');
}

/** Runs the server until it need not run again. */
async function supervise(): Promise<Pick<NativeState, 'exitCode' | 'finishedAtMs'>> {
  for (let restarts = new Restarts(launchedRestartPolicy); ;) {
    const generation = current;
    const { request, superseded } = generation;
    const startedMs = performance.now();
    const end = await Promise.race([generation.ended, whenAborted(superseded)]);
    if (end === undefined) {
      restarts = new Restarts(launchedRestartPolicy);
      continue;
    }
    const exitCode = exitCodeOf(end, constants.signals);
    const delayMs = restarts.next(performance.now() - startedMs);
    if (stop.signal.aborted || !request.restart || !deservesRestart(end) || delayMs === undefined) {
      const finishedAtMs = Date.now();
      await replacing;
      if (current !== generation) continue;
      return { exitCode, finishedAtMs };
    }
    const reason = end.signal === null ? `exit code ${exitCode}` : `signal ${end.signal}`;
    if (!holdsConnections(delayMs)) generation.release();
    const meanwhile = generation.sockets.size > 0 ? '; connections wait meanwhile' : '';
    note(`the server ended with ${reason}; starting it again in ${delayMs / 1000} s${meanwhile}`);
    const counted = { restarts: state.restarts + 1, exitCode, finishedAtMs: Date.now() };
    await save({ status: 'restarting', ...counted, handsOver: undefined });
    const signal = AbortSignal.any([stop.signal, superseded]);
    const isDue = await wait(delayMs, true, { signal }).catch(() => false);
    if (current !== generation) continue;
    if (!isDue) return {};
    const ended = end.signal === null ? {} : { SLIPWAY_ENDED: `${generation.pid ?? 0}:${end.signal}` };
    void serveBy(start({ request, env: { ...env, ...ended }, sockets: generation.sockets, waits: false }));
    generation.release();
  }
}

function whenAborted(signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(undefined);
    else signal.addEventListener('abort', () => resolve(undefined), { once: true });
  });
}

/** Reads what is asked, and does it after what was asked before, which ends. */
async function onNext(): Promise<void> {
  const next = await takeNext(folder);
  // Somebody could not read what is written. The last words stand: what is written while this process ends could come after the folder is gone.
  if (next === undefined) return state.status === 'exited' ? undefined : save({});
  abandon.abort();
  if ('abandon' in next) {
    // Written before what it is about was read, it has taken that one's place.
    if (next.abandon !== lastId) await save({ replacement: { id: next.abandon, failure: { kind: 'aborted' } } });
    return;
  }
  lastId = next.createdAtMs;
  const controller = (abandon = new AbortController());
  replacing = replacing.then(() => replace(next, AbortSignal.any([controller.signal, stop.signal])));
}

/** Starts another server beside the one that serves, and lets it take that one's place once it is ready; else that one goes on. */
async function replace(next: NextServer, signal: AbortSignal): Promise<void> {
  const { createdAtMs: id, request, timeoutMs } = next;
  const candidate = start({ request, env: next.env, sockets: current.sockets, waits: true });
  await save({ replacement: { id, pid: candidate.pid } });
  note(`process ${pidOf(candidate)} starts beside process ${pidOf(current)}, to take its place once it is ready`);
  const isRivalReady = (): boolean => current.said.health?.ready === true;
  const failure = await takeTurn(candidate, { timeoutMs, signal, isRivalReady });
  if (failure === undefined) {
    await takePlace(candidate, next);
    return;
  }
  note(`process ${pidOf(candidate)} did not become ready (${textOf(failure)}); process ${pidOf(current)} goes on`);
  await end(candidate);
  await save({ replacement: { id, failure } });
}

async function takePlace(candidate: Generation, next: NextServer): Promise<void> {
  const before = current;
  env = next.env;
  const serving = serveBy(candidate);
  before.supersede();
  const hasLeft = await before.until(() => before.said.hasLeft === true, AbortSignal.timeout(mostTakingMs));
  if (!hasLeft && !before.hasEnded) {
    note(`process ${pidOf(before)} did not say within ${mostTakingMs / 1000} s that it takes no more connections`);
  }
  before.release();
  note(`process ${pidOf(candidate)} has taken the place of process ${pidOf(before)}, which finishes its requests`);
  void end(before, before.said.serving?.leavesWithinMs).then(() => note(`process ${pidOf(before)} has ended`));
  await serving;
  await save({ restarts: 0, replacement: undefined });
  await writes.add(() => takeFolder(next));
}

/** Ends a server that does not serve: told to by SIGTERM unless it ends by itself, which may take the time given. */
async function end(generation: Generation, leavesWithinMs?: number): Promise<void> {
  if (leavesWithinMs === undefined) generation.kill('SIGTERM');
  const limitMs = leavesWithinMs ?? longestDrainMs;
  const timer = setTimeout(() => {
    note(`process ${pidOf(generation)} did not end within ${limitMs / 1000} s: it is killed`);
    generation.kill('SIGKILL');
  }, limitMs);
  await generation.ended;
  clearTimeout(timer);
  generation.release();
}

/** The folder describes the new server from here on, and has its name. */
async function takeFolder({ request, createdAtMs }: NextServer): Promise<void> {
  await writeAtomically(join(folder, 'request.json'), { request, createdAtMs });
  const target = join(dirname(folder), request.name);
  if (target === folder) return;
  await rm(target, { recursive: true, force: true });
  await rename(folder, target);
  folder = target;
  log.follow(join(folder, 'server.log'));
}

function pidOf({ pid }: Generation): string {
  return String(pid ?? '-');
}

/** Takes the folder away after those who follow have read the end, unless a new server has it by then. */
async function removeFolder(): Promise<void> {
  await wait(lingerMs);
  const owner = (await readState(folder))?.supervisor;
  if (owner?.pid === supervisor?.pid && owner?.startedAt === supervisor?.startedAt) {
    await rm(folder, { recursive: true, force: true });
  }
}

void serveBy(current);
const ended = await supervise();
endAll('SIGTERM');
await Promise.all([...living].map((generation) => generation.ended));
// Whoever reads that it has ended may listen there at once.
current.release();
await save({ status: 'exited', ...ended });
log.close();
if (current.request.removeOnExit) await removeFolder();
process.exit(0);
