import type { Command } from 'commander';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { AppError, messageOf } from '../../../errors.js';
import { toRequest } from '../../request/read.js';
import type { EngineAddress, LaunchContext } from '../../context.js';
import { printPreview } from '../../up/preview.js';
import { parseDuration } from '../../request/flags/sizes.js';
import { takeCtrlC } from '../../up/foreground.js';
import { toError } from '../../failures/explain.js';
import { narrateDecision } from '../../decide/explain.js';
import { originOf } from '../../request/origin.js';
import { describeLaunched } from '../../session/outcome.js';
import type { StartOptions } from '../../session/session.js';
import { addSwarmOptions } from '../../cluster/cluster-flags.js';
import { runShell } from '../../container/shell.js';
import { dockerAnswer, nearestCommand } from '../../cli/docker-words.js';
import { bringUp, preview } from '../../up/bring-up.js';
import { addUpOptions, noLists, type UpValues } from '../../request/up-flags.js';
import type { LaunchRequest } from '../../request/request.js';
import { engineAddressOf, wantsJson } from '../../cli/engine-flags.js';
import { refuseSwarmFlags, upSwarm, type UpAndSwarmValues } from './up-swarm.js';

/** `launch up`, also without its name: looks at the machine, picks the variant, starts it and waits until it is ready. */
export function register(program: Command, context: LaunchContext): void {
  const command = program
    .command('up [serverArgs...]', { isDefault: true })
    .alias('run')
    .description('start a server (the default command)');
  addSwarmOptions(addUpOptions(command)).action((operands: readonly string[], values: Given, self: Command) =>
    up(operands, { values: complete(values), self, context }),
  );
  const plan = program.command('plan [serverArgs...]').description('say what up would start, and why; start nothing');
  addSwarmOptions(addUpOptions(plan)).action((operands: readonly string[], values: Given, self: Command) =>
    up(operands, { values: { ...complete(values), dryRun: true, explain: true }, self, context }),
  );
}

type Given = Partial<UpAndSwarmValues>;

/** Fills in the values of flags that were not given. */
export function complete<T extends Partial<UpValues>>(values: T): T & UpValues {
  return { ...noLists, init: true, ...values };
}

interface Call {
  readonly values: UpAndSwarmValues;
  readonly self: Command;
  readonly context: LaunchContext;
}

async function up(operands: readonly string[], { values, self, context }: Call): Promise<void> {
  refuseOperands(operands, self);
  const { console } = context;
  const address = engineAddressOf(self);
  const request = await readRequest(operands, { values, address, context });
  const json = wantsJson(self);
  if (values.swarm === true) return upSwarm(context, { values, address, request, json });
  refuseSwarmFlags(values);
  if (values.dryRun === true) {
    printPreview(context, request, { ...(await preview(context, { address, request })), json });
    return;
  }
  if (request.mode === 'shell')
    return openShell(context, {
      address,
      request,
      explain: values.explain === true,
      start: startOptions(values, request, json),
    });
  const ctrlC = takeCtrlC(context);
  const start = startOptions(values, request, json);
  const asked = { address, request, start, explain: values.explain === true, signal: ctrlC.signal };
  const started = await Promise.race([bringUp(context, asked), ctrlC.left]);
  const { launched } = started;
  const isFollowed = request.mode === 'foreground' && !launched.isReused;
  if (isFollowed) ctrlC.handOver(started);
  if (launched.isReused)
    console.ok(`${launched.name} is already running with the same options (--replace starts a new one)`);
  else console.ok(`ready after ${((launched.readyAfterMs ?? 0) / 1000).toFixed(1)} s`);
  if (json) console.json(launched);
  else console.result(describeLaunched(launched, (text) => console.paint('bold', text)));
  if (isFollowed) context.setExitCode(await started.followUntilEnd());
  ctrlC.release();
}

function startOptions(values: UpValues, request: LaunchRequest, json: boolean): StartOptions {
  return {
    replace: values.replace === true,
    keep: values.keep === true,
    timeoutMs: parseDuration('--timeout', values.timeout ?? '2m'),
    ...(request.mode === 'foreground' ? { follow: json ? 'narration' : 'output' } : {}),
  };
}

interface RequestSource {
  readonly values: UpValues;
  readonly address: EngineAddress;
  readonly context: LaunchContext;
}

/** What the command line asks for. */
export async function readRequest(
  operands: readonly string[],
  { values, address, context }: RequestSource,
): Promise<LaunchRequest> {
  const { cwd, homeFolder, platform, env, stdin, stdout } = context;
  const read = (name: string): Promise<string> =>
    readFile(resolve(cwd, name), 'utf8').catch((thrown: unknown) => {
      throw new AppError('USAGE', `--env-file ${name}: ${messageOf(thrown)}. Name a file that exists.`);
    });
  const envFiles = await Promise.all(values.envFile.map(async (name) => ({ name, text: await read(name) })));
  const engineIsNamed = address.context !== undefined || address.host !== undefined;
  const hasTerminal = stdin.isTTY === true && stdout.isTTY;
  const request = toRequest(values, operands, { cwd, homeFolder, platform, env, envFiles, engineIsNamed, hasTerminal });
  return { ...request, origin: originOf(context) };
}

/** Words before `--` are no arguments of the server: they are mistyped commands, or values whose flag was forgotten. */
function refuseOperands(operands: readonly string[], self: Command): void {
  const [word] = operands;
  const { args = [] } = { args: self.parent?.args };
  if (word === undefined || isAfterDashes(word, operands, self)) return;
  const names = (self.parent?.commands ?? []).flatMap((command) => [command.name(), ...command.aliases()]);
  const close = nearestCommand(word, names);
  const { context: engineContext, host } = engineAddressOf(self);
  const engine = engineContext === undefined ? (host === undefined ? [] : ['-H', host]) : ['--context', engineContext];
  const docker = dockerAnswer(word, [...engine, ...operands.slice(1)]);
  const usage = (text: string): never => {
    throw new AppError('USAGE', text, { details: { word, args } });
  };
  if (names.includes(word)) usage(`The command comes first: launch ${word}`);
  if (['cpu', 'gpu', 'cuda', 'native', 'auto'].includes(word)) usage(`${word} is a variant. Type --variant ${word}`);
  if (docker !== undefined) usage(docker);
  if (close !== undefined) usage(`There is no command ${word}. Did you mean launch ${close}?`);
  if (isRun(self) && /^[\w.-]+(\/[\w.-]+)*:[\w.-]+$/.test(word))
    usage(`${word} is not a command. To run this image type launch run --image ${word}`);
  if (/[:\\/.]/.test(word))
    usage(`${word} is not a command. To mount it type --mount ${word.includes(':') ? word : `${word}:/srv`}`);
  usage(`There is no command ${word}. See launch --help; the server's own arguments go after --`);
}

/** Whether `run` was typed, as docker users do, whose first word is an image. */
function isRun(self: Command): boolean {
  return typedWords(self).includes('run');
}

/** Whether a word came after `--`, and so belongs to the server. */
export function isAfterDashes(word: string, operands: readonly string[], self: Command): boolean {
  return wordsAfterDashes(self) === operands.length && operands[0] === word;
}

/** How many words were typed after `--`, the last operands of the command. */
export function wordsAfterDashes(self: Command): number {
  const typed = typedWords(self);
  const end = typed.indexOf('--');
  return end < 0 ? 0 : typed.length - end - 1;
}

/** The whole line as it was typed. Commander keeps it in the program, and its types leave it out. */
function typedWords(self: Command): readonly string[] {
  let root = self;
  while (root.parent !== null) root = root.parent;
  return (root as unknown as { readonly rawArgs: readonly string[] }).rawArgs;
}

async function openShell(
  context: LaunchContext,
  of: { address: EngineAddress; request: LaunchRequest; explain: boolean; start: StartOptions },
): Promise<void> {
  const { facts, decision } = await preview(context, of);
  narrateDecision(context.console, decision, { facts, explain: of.explain });
  if (decision.kind === 'refused') throw toError(decision.refusal, of.request.variant);
  if (decision.plan.kind === 'native') throw new AppError('USAGE', '-it opens a shell in a container. Omit -it.');
  const gateway = await context.openGateway(of.address);
  const session = {
    context,
    gateway,
    request: of.request,
    facts,
    options: of.start,
    signal: new AbortController().signal,
  };
  context.setExitCode(await runShell(session, decision.plan));
}
