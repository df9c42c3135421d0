import { Command, CommanderError, Option } from 'commander';
import { NotedOption } from '../../command-line/noted-option.js';
import { helpWidth } from '../../command-line/plain-help.js';
import { meantCommand, nearCommand, otherLine } from '../../command-line/programs.js';
import { AppError, messageOf, toSentence } from '../../errors.js';
import { omitUndefined } from '../../omit-undefined.js';
import { configSchema, isConfigKey, parseConfigFile, textsOf, type ConfigTexts } from './config-file.js';
import { dashed, flags, variableOf, type Flag, type FlagName, type FlagValues } from './flag-table.js';
import { hostNames, list, origins, toggle } from './flags.js';
import { parseModelCommand, type ModelCommand } from './model-commands.js';
import type { Settings } from './settings.js';
import { refuseSharedPorts } from './shared-ports.js';
import { streams } from './streams.js';

/** What a command line asks for: to serve, to look at models, or to print a text and end. */
export type Invocation =
  | { readonly kind: 'serve'; readonly settings: Settings }
  | { readonly kind: 'print'; readonly text: string }
  | ModelCommand;

/** Variables of the process. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Kinds whose flags may be repeated. */
const lists: readonly unknown[] = [list, hostNames, origins, streams];

const names = Object.keys(flags) as readonly FlagName[];

/** What a command line is read with beside its words. */
export interface ParseWorld {
  readonly env: Environment;
  readonly version: string;
  /** Reads the file of settings; throws where it cannot. */
  readonly readText: (path: string) => string;
  /** Whether there is such a file or folder. */
  readonly exists: (path: string) => boolean;
}

/** Reads flags, then the environment, then a file, then defaults. Throws USAGE that names the flag, its value and what was expected. */
export function parseArguments(argv: readonly string[], world: ParseWorld): Invocation {
  const { env, version } = world;
  refuseOtherWords(argv, world);
  const modelCommand = parseModelCommand(argv);
  if (modelCommand !== undefined) return modelCommand;
  const printed: string[] = [];
  const command = describeServing(version, (line) => printed.push(line));
  try {
    command.parse(argv.map(unfoldNegation), { from: 'user' });
  } catch (thrown) {
    if (!(thrown instanceof CommanderError)) throw thrown;
    if (thrown.exitCode === 0) return { kind: 'print', text: printed.join('') };
    throw new AppError('USAGE', meantCommand(argv) ?? `${toSentence(thrown.message)}. Type: slipway --help`);
  }
  const given: Given = { ...command.opts(), ...modelsOf(command, argv) };
  if (given['configSchema'] === true)
    return { kind: 'print', text: `${JSON.stringify(configSchema(), undefined, 2)}\n` };
  return { kind: 'serve', settings: toSettings(readValues(given, env, readConfig(given, world))) };
}

/** Refuses a first word that is a command elsewhere, unless a folder of models is called so. */
function refuseOtherWords(argv: readonly string[], { exists }: ParseWorld): void {
  const [word = ''] = argv;
  const near = nearCommand(word);
  const line =
    otherLine('slipway', argv) ??
    (near === undefined
      ? undefined
      : `There is no command ${word}, and no file or folder. Did you mean slipway ${near}?`);
  if (line !== undefined && !exists(word)) throw new AppError('USAGE', line);
}

/** Settings that a program gives, by the flags' names: `maxBodyBytes: '64M'`. Reads no environment. Throws USAGE as a command line does. */
export function settingsOf(options: Readonly<Record<string, unknown>>): Settings {
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  const texts = textsOf(Object.fromEntries(given.map(([name, value]) => [dashed(name), value])), 'serve()');
  return toSettings(readValues({}, {}, { texts, place: 'of serve()' }));
}

type Given = Readonly<Record<string, unknown>>;

/** Texts by flag, and what errors call where they stand. */
interface Texts {
  readonly texts: ConfigTexts;
  readonly place: string;
}

/** The file that --config or SLIPWAY_CONFIG names, its texts by flag. */
function readConfig(given: Given, { env, readText }: ParseWorld): Texts {
  const path = (given['config'] as string | undefined) ?? readVariable(env, variableOf('config'));
  const place = 'in the file of --config';
  if (path === undefined) return { texts: {}, place };
  try {
    return { texts: parseConfigFile(readText(path), path), place };
  } catch (thrown) {
    if (thrown instanceof AppError) throw thrown;
    throw new AppError('USAGE', `--config ${path} cannot be read: ${messageOf(thrown)}.`, { cause: thrown });
  }
}

/** `--no-access-log` is `--access-log=no`. */
function unfoldNegation(arg: string): string {
  const name = names.find((each) => flags[each].kind === toggle && arg === `--no-${dashed(each)}`);
  return name === undefined ? arg : `--${dashed(name)}=no`;
}

/** `slipway model.onnx` is `slipway --models model.onnx`. */
function modelsOf(command: Command, argv: readonly string[]): { readonly models?: string } {
  const [named, ...others] = command.args;
  const { models } = command.opts<{ models?: string }>();
  if (named === undefined) return {};
  if (others.length === 0 && named !== '' && models === undefined) return { models: named };
  const all = [...(models === undefined ? [] : [models]), ...command.args].join(', ');
  throw new AppError('USAGE', meantCommand(argv) ?? `${all}: expected one model file or folder. Type: slipway --help`);
}

/** The command line by which the server is started, as the parser knows it. */
export function describeServing(version: string, write: (line: string) => void): Command {
  const command = new Command('slipway')
    .description(
      'Serves ONNX models over HTTP. Commands: predict, bench, inspect, init, completion. Containers: launch.',
    )
    .argument('[models...]', "a model file, one model's folder or a repository; the same as --models")
    .usage('[model.onnx|dir] [flags]   (in a checkout: npm start -- ...)')
    .version(version, '--version', 'print the version')
    .helpOption('-h, --help', 'print this')
    .configureOutput({ writeOut: write, writeErr: () => undefined, getOutHelpWidth: helpWidth })
    .addHelpText('after', epilogue())
    .exitOverride();
  for (const name of names) command.addOption(optionOf(name));
  command.addOption(new Option('--config-schema').hideHelp());
  return command;
}

function optionOf(name: FlagName): Option {
  const { kind, value, help, common }: Flag<unknown> = flags[name];
  const fallback = showFallback(name);
  const described = fallback === '' ? help : `${help} (${fallback})`;
  const words = kind.schema['enum'] as readonly string[] | undefined;
  const option = new NotedOption(`--${dashed(name)} ${value === '' ? '[yes|no]' : value}`, described, {
    text: help,
    variable: variableOf(name),
    ...(kind === toggle ? { fallback: flags[name].fallback === true ? 'yes' : 'no' } : {}),
    ...(fallback === '' ? {} : { fallback }),
    ...(words === undefined ? {} : { words }),
    ...(isConfigKey(name) ? { configKey: dashed(name) } : {}),
  });
  if (lists.some((kind) => kind === flags[name].kind)) option.argParser(joinToList);
  return common ? option : option.hideHelp();
}

/** A list's flag may be repeated: what is given goes on. */
function joinToList(given: string, before?: string): string {
  return before === undefined ? given : `${before},${given}`;
}

function showFallback(name: FlagName): string {
  const { kind, fallback }: Flag<unknown> = flags[name];
  if (kind.show !== undefined) return kind.show(fallback as never);
  return typeof fallback === 'string' || typeof fallback === 'number' ? `${fallback}` : '';
}

function epilogue(): string {
  const rare = names.filter((name) => !flags[name].common).map((name) => `--${dashed(name)}`);
  return `\nAlso (docs/operations.md): ${rare.join(' ')}\nEach is a variable too (--log-level: SLIPWAY_LOG_LEVEL), and a key of the file of --config. A flag wins.`;
}

function readValues(given: Given, env: Environment, { texts, place }: Texts): FlagValues {
  const entries = names.map((name) => {
    const { kind, fallback }: Flag<unknown> = flags[name];
    const flag = given[name] === true ? 'true' : (given[name] as string | undefined);
    const variable = readVariable(env, variableOf(name));
    const text = flag ?? variable ?? texts[name];
    if (text === undefined) return [name, fallback];
    const value = kind.parse(text);
    if (value !== undefined) return [name, value];
    const source =
      flag !== undefined
        ? `--${dashed(name)} ${text}`
        : variable !== undefined
          ? `${variableOf(name)}=${text}`
          : `"${dashed(name)}": ${JSON.stringify(text)} ${place}`;
    throw new AppError('USAGE', `${source}: expected ${kind.expected}. Type: slipway --help`);
  });
  return Object.fromEntries(entries) as FlagValues;
}

/** Empty counts as not set; so does what Kubernetes sets as SLIPWAY_PORT in pods beside a service named slipway. */
function readVariable(env: Environment, name: string): string | undefined {
  const text = env[name];
  return text === undefined || text === '' || text.startsWith('tcp://') ? undefined : text;
}

function toSettings(values: FlagValues): Settings {
  const { models, modelName, cacheDir, metricsPort, healthPort, grpcPort, managementPort } = values;
  refuseSharedPorts(values);
  return {
    ...omitUndefined({ models, modelName, cacheDir, metricsPort, healthPort, grpcPort }),
    host: values.host,
    port: values.port,
    httpLoops: values.httpLoops,
    basePath: values.basePath,
    serverName: values.serverName,
    executionProvider: values.executionProvider,
    requireGpu: values.requireGpu,
    workers: values.workers,
    intraOpThreads: values.intraOpThreads,
    modelControl: values.modelControlMode,
    allowLinksTo: values.allowLinksTo,
    readyWhen: values.readyWhen,
    pollIntervalMs: values.pollInterval,
    watchdogMs: values.watchdog,
    inlineRuns: values.inlineRuns,
    wideRuns: values.wideRuns,
    tf32: values.tf32,
    forgetCrashes: values.forgetCrashes,
    compressFromBytes: values.compressFrom,
    streams: values.stream,
    limits: limitsOf(values),
    log: { level: values.logLevel, format: values.logFormat, access: values.accessLog },
    auth: authOf(values),
    pages: { allowedHosts: values.allowHost, allowedOrigins: values.allowOrigin },
    ...tlsOf(values),
    management: {
      isOpen: values.management,
      ...(managementPort === undefined ? {} : { port: managementPort }),
    },
    stop: { delayMs: values.stopDelay, timeoutMs: values.stopTimeout },
  };
}

function authOf({ apiKeys: keys, apiKeysFile, openMetrics, keyRate }: FlagValues): Settings['auth'] {
  const ratePerSecond = keyRate === 0 ? Infinity : keyRate;
  return { keys, openMetrics, ratePerSecond, ...(apiKeysFile === undefined ? {} : { keysFile: apiKeysFile }) };
}

function tlsOf({ tlsCert: cert, tlsKey: key, tlsClientCa: clientCa }: FlagValues): Pick<Settings, 'tls'> {
  if (cert === undefined && key === undefined && clientCa === undefined) return {};
  if (cert !== undefined && key !== undefined)
    return { tls: { cert, key, ...(clientCa === undefined ? {} : { clientCa }) } };
  throw new AppError(
    'USAGE',
    '--tls-cert and --tls-key must be given together, and --tls-client-ca needs both. Type: slipway --help',
  );
}

function limitsOf(values: FlagValues): Settings['limits'] {
  return {
    bodyBytes: values.maxBodyBytes,
    requestMemory: values.requestMemory,
    pixels: values.maxPixels,
    headerBytes: values.maxHeaderBytes,
    connections: values.maxConnections,
    requestTimeoutMs: values.requestTimeout,
    headersTimeoutMs: values.headersTimeout,
    keepAliveMs: values.keepAlive,
  };
}
