import type { Command, Option } from 'commander';
import { dirname, relative, resolve, sep } from 'node:path';
import { NotedOption } from '../../../command-line/noted-option.js';
import { AppError } from '../../../errors.js';
import { formatCompose, toComposeFile } from '../../export/compose-file.js';
import { composeGpuPaths, parseServices, toGpuPath, type ComposeRequest } from '../../export/compose-request.js';
import { noteOnOpenHosts } from '../../decide/path-checks.js';
import type { LaunchContext } from '../../context.js';
import { wordsAfterDashes } from '../up/up.js';
import { parseEnv } from '../../request/flags/env.js';
import { allGpus, parseGpus } from '../../request/flags/gpus.js';
import type { MountRequest } from '../../request/flags/mount-types.js';
import { parseMount } from '../../request/flags/mounts.js';
import { parseVolume } from '../../request/flags/volumes.js';
import { containerVariants, imageOf } from '../../labels.js';
import { wantsJson } from '../../cli/engine-flags.js';
import { registerClusters } from './export-cluster.js';
import { writeExport } from './export-file.js';

interface ExportOptions {
  readonly variant: string;
  readonly image?: string;
  readonly build?: boolean;
  readonly project: string;
  readonly network: string;
  readonly port: string;
  readonly ip: string;
  readonly env: readonly string[];
  readonly mount: readonly string[];
  readonly volume: readonly string[];
  readonly gpus?: string;
  readonly gpuMode: string;
  readonly output?: string;
}

const toOption = (flags: string, words: readonly string[], fallback: string): Option =>
  new NotedOption(flags, words.join(', '), { words }).default(fallback);

/** `launch export`: a Compose file with servers side by side, and the files for clusters. It asks no engine and starts nothing. */
export function register(program: Command, context: LaunchContext): void {
  const add = (value: string, before: readonly string[]): readonly string[] => [...before, value];
  const group = program.command('export').description('write what launch would start, for another tool to run');
  registerClusters(group, context);
  group
    .command('compose')
    .description('a Compose file: one server, or one for each NAME=FOLDER')
    .argument(
      '[name=folder...]',
      'NAME, NAME=FOLDER or NAME=FOLDER:rw; FOLDER is mounted at /srv. After --: for every server',
    )
    .addOption(toOption('--variant <variant>', containerVariants, 'cpu'))
    .option('--image <image>', "image, if not the variant's (slipway:VARIANT)")
    .option('--build', 'let Compose build the image from this project')
    .option('-p, --port <n>', "first server's port on the host; the others count up", '8000')
    .option('--ip <address>', 'address of the host to publish on; 0.0.0.0: all', '127.0.0.1')
    .option('--network <name>', 'network that the servers share', 'slipway')
    .option('--project <name>', "the Compose project's name", 'slipway')
    .option('-e, --env <name=value>', 'environment variable of every server', add, [])
    .option('--mount <mount>', 'folder or volume for every server: ./certs:/certs:ro', add, [])
    .option('-v, --volume <volume>', 'like --mount, but creates a missing folder', add, [])
    .option('--gpus <which>', 'all, 2, device=0,1 (gpu and cuda: all)')
    .addOption(toOption('--gpu-mode <way>', composeGpuPaths, 'gpus'))
    .option('-o, --output <file>', 'write to this file instead of printing')
    .option('--json', 'print the file as JSON')
    .action(async (operands: readonly string[], options: ExportOptions, command: Command) => {
      const split = operands.length - wordsAfterDashes(command);
      const words = { services: operands.slice(0, split), serverArgs: operands.slice(split) };
      const request = toRequest(words, options, context);
      const { output } = options;
      for (const note of noteOnOpenHosts([request.hostIp], request)) context.console.warn(note);
      if (wantsJson(command)) context.console.json(toComposeFile(request));
      else if (output === undefined) context.console.result(formatCompose(request).trimEnd());
      else {
        await writeExport(resolve(context.cwd, output), formatCompose(request));
        context.console.ok(`Wrote ${output}. Start it with: docker compose -f ${output} up -d --wait`);
      }
    });
}

interface Words {
  readonly services: readonly string[];
  readonly serverArgs: readonly string[];
}

function toRequest(words: Words, options: ExportOptions, context: LaunchContext): ComposeRequest {
  const { project, network, ip, image, build, output } = options;
  const variant = oneOf('--variant', options.variant, containerVariants);
  const firstPort = /^\d{1,5}$/.test(options.port) ? Number(options.port) : 0;
  if (firstPort < 1 || firstPort > 65_535) {
    throw new AppError('USAGE', `--port is "${options.port}". Expected a port from 1 to 65535.`);
  }
  const fileFolder = output === undefined ? context.cwd : dirname(resolve(context.cwd, output));
  const toPath = (folder: string): string => fromFolder(fileFolder, resolve(context.cwd, folder));
  const services = parseServices(words.services, firstPort).map((service) =>
    service.folder === undefined ? service : { ...service, folder: toPath(service.folder) },
  );
  const env = options.env.map((text) => parseEnv(text, context.env));
  const gpu = gpuOf(options, variant !== 'cpu');
  return {
    ...{ project, network, variant, services, hostIp: ip, image: image ?? imageOf(variant) },
    ...(build === true
      ? { build: { context: toPath(context.projectFolder), dockerfile: `docker/Dockerfile.${variant}` } }
      : {}),
    env: Object.assign({}, ...env) as Record<string, string>,
    mounts: toMounts(options, fileFolder, context),
    serverArgs: words.serverArgs,
    ...(gpu === undefined ? {} : { gpu }),
  };
}

/** Folders inside the file's own are named from there, so that both may move together. */
function toMounts(
  { mount, volume }: ExportOptions,
  fileFolder: string,
  context: LaunchContext,
): readonly MountRequest[] {
  const mounts = [
    ...mount.map((text) => parseMount(text, context)),
    ...volume.map((text) => parseVolume({ flag: '-v', text }, context)),
  ];
  return mounts.map((one) => {
    if (one.type !== 'bind') return one;
    const shown = fromFolder(fileFolder, one.source);
    return shown.startsWith('.') && !shown.startsWith('..') ? { ...one, source: shown } : one;
  });
}

function gpuOf({ gpus, gpuMode }: ExportOptions, hasCuda: boolean): ComposeRequest['gpu'] {
  const path = oneOf('--gpu-mode', gpuMode, composeGpuPaths);
  if (hasCuda) return toGpuPath(path, gpus === undefined ? allGpus : parseGpus(gpus));
  if (gpus === undefined) return undefined;
  throw new AppError('USAGE', '--gpus needs an image with CUDA: add --variant gpu.');
}

function oneOf<T extends string>(flag: string, text: string, known: readonly T[]): T {
  const found = known.find((name) => name === text);
  if (found !== undefined) return found;
  throw new AppError('USAGE', `${flag} is "${text}". Expected one of ${known.join(', ')}.`);
}

/** A path as a Compose file in `folder` names it: `./models`, `../models`. */
function fromFolder(folder: string, path: string): string {
  const shown = relative(folder, path).split(sep).join('/');
  if (shown === '') return '.';
  return /^(\.\.|\/|[A-Za-z]:)/.test(shown) ? shown : `./${shown}`;
}
