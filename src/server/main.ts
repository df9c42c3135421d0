import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { endWithStandardOutput } from '../command-line/standard-output.js';
import { AppError, messageOf } from '../errors.js';
import { findHomeFolder } from '../home-folder.js';
import { readRegularFileSync } from '../regular-file.js';
import { butForeign } from '../repository/files/foreign.js';
import { isRemote, parseLocation } from '../store/location.js';
import { parseArguments } from './settings/args.js';
import { exitCodeOf } from './exit-codes.js';
import { LineOutput } from './log/line-output.js';
import { createLog, type Log } from './log/log.js';
import { followLoops } from './loop/loop-link.js';
import type { ModelCommand } from './settings/model-commands.js';
import type { RunningServer } from './serve.js';
import type { Settings } from './settings/settings.js';
import { bundledModels, startFrom, version } from './start.js';
import { formatStartup, startedModels, type Ledger } from './describe/startup-text.js';
import { followSuccession } from './supervision/succession.js';
import { followSupervisor } from './supervision/supervised.js';

const startedMs = performance.now();

/** Set once there is a journal. */
let endJournal = (): void => undefined;

/** Set once there is a server: lets it finish, then ends by the signal that a supervisor starts another one for. */
let renew = killInnocently;

/** Set once there are workers. */
let busyWorkers = (): number => 0;

const output = new LineOutput(process.stderr.fd);
process.on('exit', () => {
  output.flush();
  endJournal();
});

/** Ends at once, whatever runs: an orderly exit while a worker computes would abort the process. */
function killSelf(signal: NodeJS.Signals = 'SIGKILL'): void {
  output.flush();
  process.kill(process.pid, signal);
}

/** The same where the end was asked for, or is the fault of no model: none is suspected then. */
function killInnocently(): void {
  endJournal();
  killSelf();
}

const supervised = followSupervisor(process, killInnocently);
const succession = followSuccession(process, killInnocently);
const loop = followLoops(process, () => process.exit());

async function main(): Promise<void> {
  const invocation = parseArguments(process.argv.slice(2), {
    env: process.env,
    version,
    readText: (path) => readRegularFileSync(path).toString(),
    exists: existsSync,
  });
  if (invocation.kind !== 'serve') endWithStandardOutput(process);
  if (invocation.kind === 'print') {
    process.stdout.write(invocation.text);
    return;
  }
  if (invocation.kind !== 'serve') {
    await lookAtModels(invocation);
    return;
  }
  const { settings } = invocation;
  supervised.tellSettings(settings, process.stderr.isTTY);
  const target = { isTerminal: process.stderr.isTTY, write: (line: string): void => output.write(line) };
  const wholeLog = createLog(settings.log, target);
  const log = loop === undefined ? wholeLog : wholeLog.child({ loop: loop.share.index + 1 });
  endOnFaults(log);
  if (loop === undefined && settings.httpLoops !== 1 && (await servesInLoops(settings, log))) return;
  const server = await start(settings, log);
  endJournal = () => server.endJournal();
  busyWorkers = () => server.busyWorkers();
  renew = () => {
    setTimeout(killInnocently, settings.stop.delayMs + settings.stop.timeoutMs).unref();
    void server.stop().finally(killInnocently);
  };
  endOnSignals(server, { settings, log });
  const [ledger] = await Promise.all([server.loaded, server.listening]).catch((thrown: unknown) => {
    void server.stop();
    throw thrown;
  });
  await announce({ server, settings, log, ledger });
}

/** `inspect` and `init`: nothing is served; 4 where a model is refused. */
async function lookAtModels(command: ModelCommand): Promise<void> {
  const { runModelCommand } = await import('./inspect/commands.js');
  const schema = fileURLToPath(new URL('../../../docs/model.schema.json', import.meta.url));
  const { stdout, stderr, isRefused } = await runModelCommand(command, { schema });
  process.stderr.write(stderr);
  process.stdout.write(stdout);
  if (isRefused) process.exitCode = exitCodeOf.MODEL_INVALID;
}

/** Ends the fetching of models, where some are fetched, and the looks at files. */
const ending = new AbortController();

function start(settings: Settings, log: Log): Promise<RunningServer> {
  return startFrom(settings, log, {
    env: process.env,
    homeFolder: findHomeFolder(),
    temporaryFolder: tmpdir(),
    now: Date.now,
    ending: ending.signal,
    ended: supervised.ended,
    succession: loop?.succession ?? succession,
    loop,
    onStuck: (what) => {
      log.fatal({ what }, 'the watchdog ends the process');
      killSelf();
    },
    onWornOut: (what) => {
      log.fatal({ what }, 'another process is needed: running requests finish, and this process ends');
      renew();
    },
  });
}

/** Where several HTTP loops are asked for and can be: starts them, and this process is only their parent. */
async function servesInLoops(settings: Settings, log: Log): Promise<boolean> {
  const [{ chooseLoops }, { readCpuBudget }] = await Promise.all([
    import('./loops/rules.js'),
    import('../resources/cpu-budget.js'),
  ]);
  const { platform, versions } = process;
  const cpus = await readCpuBudget();
  const { count, reason } = chooseLoops(settings, { cpus, nodeVersion: versions.node, platform });
  if (count === 1) {
    log.info({ reason }, '--http-loops auto: one HTTP loop');
    return false;
  }
  const { runLoops } = await import('./loops/run-loops.js');
  await runLoops({
    settings,
    count,
    cpus,
    world: process,
    log,
    succession,
    announce: (announcement, loops) => {
      if (typeof announcement === 'string') output.write(`${announcement}loops     ${loops}\n`);
      else log.info({ ...announcement, loops: count }, 'started');
    },
    onStopping: () => {
      supervised.tellStopping();
      log.info('stopping: running and queued requests finish; a second signal ends at once');
    },
    onEnd: ({ code, signal }) => {
      if (signal === null) {
        if (code === 0) log.info('stopped');
        process.exit(code);
      }
      process.removeAllListeners(signal);
      killSelf(signal);
    },
  });
  return true;
}

interface Started {
  readonly server: RunningServer;
  readonly settings: Settings;
  readonly log: Log;
  readonly ledger: Ledger;
}

async function announce({ server, settings, log, ledger }: Started): Promise<void> {
  const { ready, state } = server.dataplane.ownHealth();
  const facts = server.dataplane.describeStart();
  const whole: Ledger = [...ledgerOfProcess(ledger), ...ledger];
  if (settings.log.format === 'json') {
    const { provider, choices, budget } = facts;
    const models = startedModels(facts);
    const startMs = Object.fromEntries(whole);
    const grpc = server.grpcAddress === undefined ? {} : { grpcAddress: server.grpcAddress };
    const { url } = server;
    const told = { url, ...grpc, version, ready, state, provider, choices, models, threads: budget, startMs };
    if (loop === undefined) log.info(told, 'started');
    else loop.tellStarted(told);
    return;
  }
  const { models = bundledModels } = settings;
  const modelsFolder = isRemote(models) ? parseLocation(models).shown : resolve(models);
  const others = facts.index.length > 0 || isRemote(models) ? '' : await butForeign(modelsFolder);
  const isContained = process.env['SLIPWAY_CONTAINED'] !== undefined && /^(0\.0\.0\.0|::)$/.test(settings.host);
  const { url, grpcAddress } = server;
  const shown = { version, url, grpcAddress, isContained, modelsFolder, others, ledger: whole, isReady: ready };
  const lines = formatStartup({ ...facts, ...shown });
  if (loop === undefined) output.write(lines);
  else loop.tellStarted(lines);
}

/** What passed before the models' own ledger began: bin marks when Node was up and when the build was done. */
function ledgerOfProcess(ledger: Ledger): Ledger {
  const mark = (name: string, fallback: number) => performance.getEntriesByName(name)[0]?.startTime ?? fallback;
  const nodeMs = mark('slipway:node', startedMs);
  const builtMs = mark('slipway:built', nodeMs);
  const rest = performance.now() - builtMs - ledger.reduce((sum, [, ms]) => sum + ms, 0);
  return [
    ['node', nodeMs],
    ['build', builtMs - nodeMs],
    ['code', Math.max(0, rest)],
  ];
}

function endOnSignals(
  server: RunningServer,
  { settings, log }: { readonly settings: Settings; readonly log: Log },
): void {
  let isStopping = false;
  const stop = (facts: object, text: string): void => {
    if (isStopping) {
      killInnocently();
      return;
    }
    isStopping = true;
    ending.abort();
    supervised.tellStopping();
    const level = loop === undefined ? 'info' : 'debug';
    log[level](facts, text);
    const { delayMs, timeoutMs } = settings.stop;
    setTimeout(() => {
      log.fatal({ timeoutMs }, 'requests did not finish in time: ending');
      killInnocently();
    }, delayMs + timeoutMs).unref();
    void server.stop().then(() => {
      log[level]('stopped');
      // A thread that does not come back from a load would keep the process.
      endAtOnce(0);
    });
  };
  const onSignal = (signal: string): void =>
    stop({ signal }, 'stopping: running and queued requests finish; a second signal ends at once');
  succession?.onLeave(() => {
    log.info('leaving: another process takes new connections, and those here end after their next answer');
    void server.leave().then(() => {
      if (!isStopping) stop({}, 'left: what still runs finishes');
    });
  });
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, onSignal);
}

/** After an unforeseen fault nothing can be trusted to drain. */
function endOnFaults(log: Log): void {
  process.on('uncaughtException', (error) => {
    log.fatal({ err: error }, 'unexpected error: ending');
    endAtOnce(exitCodeOf.INTERNAL);
  });
}

/** Ends with an exit code; under a supervisor with that one even where only a signal can end what runs. */
function endAtOnce(exitCode: number): void {
  supervised.tellEnd(exitCode);
  if (busyWorkers() > 0) killInnocently();
  else process.exit(exitCode);
}

/** What a start that failed has opened may take this long to close; then the process ends with it. */
const failedStartMs = 3000;

try {
  await main();
} catch (thrown) {
  const code = thrown instanceof AppError ? thrown.code : 'INTERNAL';
  const text = thrown instanceof Error && code === 'INTERNAL' ? (thrown.stack ?? thrown.message) : messageOf(thrown);
  output.write(`slipway: ${text}\n`);
  process.exitCode = exitCodeOf[code];
  setTimeout(() => endAtOnce(exitCodeOf[code]), failedStartMs).unref();
}
