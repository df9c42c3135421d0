import type { Command } from 'commander';
import { NotedOption } from '../../../command-line/noted-option.js';
import { existsSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { AppError } from '../../../errors.js';
import { omitUndefined } from '../../../omit-undefined.js';
import type { LaunchContext } from '../../context.js';
import { buildImage, type BuildRequest, type BuildTools } from '../../docker/build.js';
import { architecturesOf, editions, explainNoCudaImage, type Edition } from '../../editions.js';
import { explainBuild } from '../../failures/explain.js';
import { formatBytes, formatDuration, shortId } from '../../cli/format.js';
import { pushImage } from '../../images/transfer.js';
import { containerLabels, containerVariants, imageOf, type ContainerVariant } from '../../labels.js';
import { addEngineOptions, engineAddressOf, wantsJson } from '../../cli/engine-flags.js';

interface BuildOptions {
  readonly variant?: string;
  readonly file?: string;
  readonly tag?: readonly string[];
  readonly buildArg?: readonly string[];
  readonly label?: readonly string[];
  readonly target?: string;
  readonly platform?: string;
  readonly cache: boolean;
  readonly pull?: boolean;
  readonly push?: boolean;
}

const usualPlatforms = ['linux/amd64', 'linux/arm64'];

/** `launch build`: makes one of the three images, or any Dockerfile's. */
export function register(program: Command, context: LaunchContext): void {
  const add = (value: string, before: readonly string[] = []): readonly string[] => [...before, value];
  addEngineOptions(program.command('build'))
    .description('build an image: cpu, gpu (prebuilt CUDA) or cuda (from source)')
    .argument('[folder]', 'build context')
    .addOption(
      new NotedOption('--variant <variant>', `${containerVariants.join(', ')} (cpu)`, { words: containerVariants }),
    )
    .option('-f, --file <dockerfile>', "a Dockerfile instead of the variant's")
    .option(
      '-t, --tag <name:tag>',
      'name of the image (slipway:VARIANT, slipway:gpu-cuda12 with --build-arg CUDA_MAJOR=12)',
      add,
    )
    .option('--build-arg <name=value>', 'set an ARG', add)
    .option('--label <name=value>', 'add a label', add)
    .option('--target <stage>', 'stop at this stage')
    .addOption(new NotedOption('--platform <platform>', usualPlatforms.join(', '), { words: usualPlatforms }))
    .option('--no-cache', 'build every step again')
    .option('--pull', 'look for newer base images')
    .option('--push', 'push it afterwards')
    .action(async (folder: string | undefined, options: BuildOptions, command: Command) => {
      const request = parseRequest(folder, options, context);
      const platforms = options.platform ?? context.env['DOCKER_DEFAULT_PLATFORM'] ?? '';
      refuseArchitectures(options, architecturesOf(platforms));
      const docker = await context.openGateway(engineAddressOf(command));
      if (platforms === '') refuseArchitectures(options, [(await docker.info()).architecture]);
      const stop = new AbortController();
      const release = context.onSignal(() => stop.abort());
      const startedMs = context.now();
      const onLine = (line: string): void => context.console.note(line);
      const id = await build(request, { docker, env: context.env, signal: stop.signal, onLine }).finally(release);
      const { sizeBytes } = await docker.images.inspect(id);
      if (options.push === true) for (const tag of request.tags) await pushImage(docker, tag, context);
      const took = formatDuration(context.now() - startedMs);
      context.console.ok(`Built ${request.tags.join(', ')} (${shortId(id)}, ${formatBytes(sizeBytes)}) in ${took}.`);
      if (wantsJson(command)) context.console.json({ id, tags: request.tags, sizeBytes });
      else context.console.result(request.tags[0] ?? id);
    });
}

/** Builds it, and says why where that fails and is known. */
function build(request: BuildRequest, tools: BuildTools): Promise<string> {
  return buildImage(request, tools).catch((thrown: unknown) => {
    throw explainBuild(thrown);
  });
}

function parseRequest(folder: string | undefined, options: BuildOptions, context: LaunchContext): BuildRequest {
  const variant = parseVariant(options.variant ?? 'cpu');
  const dockerfile =
    options.file === undefined
      ? join(context.projectFolder, 'docker', `Dockerfile.${variant}`)
      : resolve(context.cwd, options.file);
  if (!existsSync(dockerfile)) {
    throw new AppError('USAGE', `There is no Dockerfile at ${dockerfile}. Name one with -f.`, {
      details: { dockerfile },
    });
  }
  const ownFolder = options.file === undefined ? context.projectFolder : dirname(dockerfile);
  const contextFolder = folder === undefined ? ownFolder : resolve(context.cwd, folder);
  const own = options.file === undefined || options.variant !== undefined;
  const { target, platform } = options;
  const buildArgs = parsePairs(options.buildArg ?? [], '--build-arg');
  return {
    context: contextFolder,
    dockerfile,
    tags: options.tag ?? [own ? tagOf(variant, buildArgs) : `slipway:${basename(contextFolder).toLowerCase()}`],
    buildArgs,
    labels: { [containerLabels.managed]: 'true', ...parsePairs(options.label ?? [], '--label') },
    ...omitUndefined({ target, platform }),
    noCache: !options.cache,
    pull: options.pull === true,
  };
}

/** Refuses an image with CUDA for what none is made for, before anything is built. Another Dockerfile is its owner's own. */
function refuseArchitectures({ variant = 'cpu', file }: BuildOptions, architectures: readonly string[]): void {
  if (variant === 'cpu' || file !== undefined) return;
  for (const architecture of architectures) {
    const reason = explainNoCudaImage(architecture);
    if (reason === undefined) continue;
    const text = `--variant ${variant} for ${architecture}: ${reason}.\n  fix: --platform linux/amd64 for a machine of that kind, or --variant cpu`;
    throw new AppError('USAGE', text, { details: { variant, architecture } });
  }
}

/** The tag under which the plan looks for what these arguments build. */
function tagOf(variant: ContainerVariant, buildArgs: Readonly<Record<string, string>>): string {
  const all = variant === 'cpu' ? [] : editions[variant];
  const isBuilt = (edition: Edition): boolean =>
    Object.entries(edition.buildArgs).every(([name, value]) => buildArgs[name] === value);
  return all.findLast(isBuilt)?.tag ?? imageOf(variant);
}

function parseVariant(text: string): ContainerVariant {
  const found = containerVariants.find((variant) => variant === text);
  if (found !== undefined) return found;
  throw new AppError('USAGE', `--variant is "${text}". Expected one of ${containerVariants.join(', ')}.`);
}

function parsePairs(texts: readonly string[], flag: string): Readonly<Record<string, string>> {
  const pairs = texts.map((text) => {
    const at = text.indexOf('=');
    if (at > 0) return [text.slice(0, at), text.slice(at + 1)];
    throw new AppError('USAGE', `${flag} is "${text}". Expected NAME=value.`);
  });
  return Object.fromEntries(pairs) as Record<string, string>;
}
