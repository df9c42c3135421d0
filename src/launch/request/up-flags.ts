import type { Command, Option } from 'commander';
import { NotedOption } from '../../command-line/noted-option.js';
import { addEngineOptions } from '../cli/engine-flags.js';
import { gpuModes, variants } from './request.js';

/** Values of up's flags as the parser leaves them: texts, unread. */
export interface UpValues {
  readonly variant?: string;
  readonly image?: string;
  readonly gpus?: string;
  readonly gpuMode?: string;
  readonly device: readonly string[];
  readonly mount: readonly string[];
  readonly volume: readonly string[];
  readonly tmpfs: readonly string[];
  readonly publish: readonly string[];
  readonly network?: string;
  readonly env: readonly string[];
  readonly envFile: readonly string[];
  readonly name?: string;
  readonly detach?: boolean;
  readonly interactive?: boolean;
  readonly tty?: boolean;
  readonly rm?: boolean;
  readonly restart?: string;
  readonly replace?: boolean;
  readonly keep?: boolean;
  readonly pull?: string;
  readonly platform?: string;
  readonly timeout?: string;
  readonly memory?: string;
  readonly cpus?: string;
  readonly shmSize?: string;
  readonly pidsLimit?: string;
  readonly ulimit: readonly string[];
  readonly readOnly?: boolean;
  readonly user?: string;
  readonly groupAdd: readonly string[];
  readonly capAdd: readonly string[];
  readonly capDrop: readonly string[];
  readonly securityOpt: readonly string[];
  readonly init: boolean;
  readonly logDriver?: string;
  readonly logOpt: readonly string[];
  readonly label: readonly string[];
  readonly dryRun?: boolean;
  readonly explain?: boolean;
}

/** Flags of up that may come several times, none given. */
export const noLists = {
  device: [],
  mount: [],
  volume: [],
  tmpfs: [],
  publish: [],
  env: [],
  envFile: [],
  ulimit: [],
  groupAdd: [],
  capAdd: [],
  capDrop: [],
  securityOpt: [],
  logOpt: [],
  label: [],
} as const satisfies Partial<UpValues>;

type Row = readonly [flags: string, text: string, words?: readonly string[]];

/** What --pull takes. */
export const pulls = ['missing', 'always', 'never'] as const;

const restartPolicies = ['no', 'on-failure', 'always', 'unless-stopped'];

/** Flags that take one value or none. */
const single: Readonly<Record<string, readonly Row[]>> = {
  'What to run:': [
    ['--variant <name>', 'auto, cpu, gpu, cuda (from source), native (auto)', variants],
    ['--image <name>', "image, if not the variant's own"],
    ['--pull <when>', 'missing, always, never (missing)', pulls],
    ['--platform <os/arch>', "platform, if not the engine's", ['linux/amd64', 'linux/arm64']],
  ],
  'GPU:': [
    ['--gpus <which>', 'all, a count, device=0,1, device=GPU-<uuid>, device=MIG-<uuid>', ['all']],
    ['--gpu-mode <way>', 'auto, cdi, runtime, gpus, none (auto)', gpuModes],
  ],
  'Container:': [
    ['--name <name>', 'name instead of slipway-<variant>-<hash>'],
    ['-d, --detach', 'run in the background (restarts unless stopped)'],
    ['-i, --interactive', 'with -t: a shell instead of the server'],
    ['-t, --tty', 'with -i: a shell instead of the server'],
    ['--rm', 'remove it when it ends (foreground default)'],
    ['--restart <policy>', 'no, on-failure[:n], always, unless-stopped', restartPolicies],
    ['--replace', 'stop what holds its name or port, then start'],
    ['--keep', 'keep a container that did not become ready'],
    ['--timeout <time>', 'longest wait until ready (2m)'],
    ['--network <name>', 'network, host or none', ['bridge', 'host', 'none']],
  ],
  'Limits and safety:': [
    ['-m, --memory <size>', 'such as 2g'],
    ['--cpus <n>', 'such as 1.5'],
    ['--shm-size <size>', 'size of /dev/shm'],
    ['--pids-limit <n>', 'limit of processes'],
    ['--read-only', 'read-only root, with a /tmp in memory'],
    ['-u, --user <uid[:gid]>', "instead of the image's 1000:1000"],
    ['--no-init', 'without the init process'],
    ['--log-driver <name>', 'json-file'],
  ],
  'Preview:': [
    ['--dry-run', 'show facts, decision and options; start nothing'],
    ['--explain', 'say which variants were considered, and why'],
  ],
};

/** Flags that may come several times. */
const repeated: Readonly<Record<string, readonly Row[]>> = {
  'GPU:': [['--device <device>', '/dev/video0[:path][:rwm], nvidia.com/gpu=0']],
  'Files, ports, variables:': [
    ['--mount <mount>', '.:/srv[:ro,z], or type=bind,source=,target='],
    ['-v, --volume <volume>', 'like --mount, but creates a missing folder'],
    ['--tmpfs <path>', 'a folder in memory'],
    ['-p, --publish <port>', '[ip:][port:]port[/udp], ranges (127.0.0.1:8000:8000)'],
    ['-e, --env <name=value>', 'variable; NAME alone passes your value'],
    ['--env-file <file>', 'variables, one per line'],
  ],
  'Limits and safety:': [
    ['--ulimit <name=n>', 'such as memlock=-1'],
    ['--group-add <gid>', 'additional group'],
    ['--cap-add <name>', 'capability to add (all are dropped)'],
    ['--cap-drop <name>', 'capability to drop, instead of all'],
    ['--security-opt <option>', 'in addition to no-new-privileges'],
    ['--log-opt <name=value>', 'max-size=10m, max-file=3'],
    ['-l, --label <name=value>', 'label of the container'],
  ],
};

const order = ['What to run:', 'GPU:', 'Files, ports, variables:', 'Container:', 'Limits and safety:', 'Preview:'];

/** Flags that people know from docker and seldom need: one line names them all. */
const rare =
  /^(--platform|--tmpfs|--shm-size|--pids-limit|--no-init|--log-driver|--ulimit|--group-add|--cap-add|--cap-drop|--security-opt|--log-opt|-l, --label)\b/;

/** Gives a command the flags of `docker run` that make sense here, and ours. */
export function addUpOptions(command: Command): Command {
  const append = (value: string, before: readonly string[] = []): readonly string[] => [...before, value];
  const toOption = ([flags, text, words]: Row): Option =>
    new NotedOption(flags, text, words === undefined ? {} : { words }).hideHelp(rare.test(flags));
  for (const group of order) {
    command.optionsGroup(group);
    for (const row of single[group] ?? []) command.addOption(toOption(row));
    for (const row of repeated[group] ?? []) command.addOption(toOption(row).argParser(append));
  }
  command.optionsGroup('Engine:');
  const names = [...Object.values(single), ...Object.values(repeated)]
    .flat()
    .flatMap(([flags]) => (rare.test(flags) ? [/--[a-z-]+/.exec(flags)?.[0] ?? ''] : []));
  command.addHelpText(
    'after',
    `\nAlso, as in docker run: ${names.join(' ')}\nArguments after -- go to the server; with -it they are the command.`,
  );
  return addEngineOptions(command);
}

/** docker's `--init=false` and `--rm=true` as this parser knows them: `--no-init`, `--rm`. What follows `--` is left alone. */
export function normalizeBooleans(args: readonly string[]): readonly string[] {
  const end = args.indexOf('--');
  return args.flatMap((arg, index) => {
    const match = /^--(init|rm|read-only|detach|interactive|tty)=(true|false|1|0)$/.exec(arg);
    if (match?.[1] === undefined || (end >= 0 && index > end)) return [arg];
    if (match[2] === 'true' || match[2] === '1') return match[1] === 'init' ? [] : [`--${match[1]}`];
    return match[1] === 'init' ? ['--no-init'] : [];
  });
}
