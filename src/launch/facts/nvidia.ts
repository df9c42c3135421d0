import { omitUndefined } from '../../omit-undefined.js';
import {
  known,
  type Fact,
  type NvidiaModule,
  type MigDevice,
  type NvidiaGpu,
  couldNotAsk,
  type NvidiaDriver,
} from './facts.js';
import { findHindrances } from './gpu-state.js';
import { linuxOnly, listNames, readText } from './files.js';
import type { HostWorld, ProgramResult } from './machine.js';

const folder = '/proc/driver/nvidia';

/** Reads the kernel module's version and GPUs, which needs no program. Absent in WSL. */
export function probeNvidiaModule(world: HostWorld): Promise<Fact<NvidiaModule>> {
  return linuxOnly<NvidiaModule>(world, folder, async () => {
    const text = await readText(world, `${folder}/version`);
    if (text === undefined) return known({ kind: 'absent' }, `no ${folder}/version`);
    const version = /Kernel Module\S*(?: for \S+)?\s+(\d+\.[\d.]+)/.exec(text)?.[1] ?? 'unknown';
    const addresses = await listNames(world, `${folder}/gpus`);
    const gpus = await Promise.all(
      addresses.map(async (address) => {
        const information = (await readText(world, `${folder}/gpus/${address}/information`)) ?? '';
        const field = (name: string): string =>
          new RegExp(`^${name}:\\s*(.+)$`, 'm').exec(information)?.[1]?.trim() ?? 'unknown';
        return { model: field('Model'), uuid: field('GPU UUID') };
      }),
    );
    return known({ kind: 'loaded', version, gpus }, `${folder}/version: ${version}, ${gpus.length} GPU(s)`);
  });
}

/** Fields asked of nvidia-smi; a driver too old for the last one gets the list without it. */
const gpuFields = ['index', 'name', 'uuid', 'driver_version', 'memory.total', 'compute_cap'] as const;

/** nvidia-smi exits with NVML's code. */
const causes: Readonly<Record<number, string>> = {
  6: 'no NVIDIA GPU was found by the driver',
  9: 'the NVIDIA kernel module is not loaded',
  12: "the driver's library libnvidia-ml.so is missing",
  15: 'the GPU fell off the bus; reboot the machine',
  17: 'the operating system (a cgroup) blocks access to the GPU',
  18: "the driver's library and its kernel module are of different versions; reboot the machine",
};

/** A GPU that fell off the bus is no GPU to nvidia-smi, which then ends with the code for none (6) or with none of its codes. */
const lostGpu = /Unable to determine the device handle|GPU is lost|GPU requires reset/i;

/** What nvidia-smi lists. */
export interface GpuRows {
  readonly driverVersion: string;
  readonly gpus: readonly Omit<NvidiaGpu, 'migDevices'>[];
}

/** Rows of `--query-gpu=<gpuFields> --format=csv,noheader,nounits`; undefined where the text is no such table. */
function parseGpuRows(text: string): GpuRows | undefined {
  const rows = text.split('\n').map((line) => line.split(',').map((cell) => cell.trim()));
  const gpus: Omit<NvidiaGpu, 'migDevices'>[] = [];
  let driverVersion = '';
  for (const [index = '', name = '', uuid = '', driver = '', memory = '', capability = ''] of rows) {
    if (!/^\d+$/.test(index) || !/^\d+\.\d/.test(driver)) continue;
    driverVersion = driver;
    gpus.push({
      index: Number(index),
      name,
      uuid,
      ...(/^\d+$/.test(memory) ? { memoryMiB: Number(memory) } : {}),
      ...(/^\d+\.\d+$/.test(capability) ? { computeCapability: capability } : {}),
    });
  }
  return gpus.length === 0 ? undefined : { driverVersion, gpus };
}

/** MIG devices by their GPU's index, from `nvidia-smi -L`, where they stand indented below it. */
function parseMigDevices(text: string): ReadonlyMap<number, readonly MigDevice[]> {
  const found = new Map<number, MigDevice[]>();
  let gpu: MigDevice[] = [];
  for (const line of text.split('\n')) {
    const index = /^GPU (\d+):/.exec(line)?.[1];
    if (index !== undefined) found.set(Number(index), (gpu = []));
    const mig = /^\s+MIG (\S+)\s.*\(UUID: (MIG-[^)]+)\)/.exec(line);
    if (mig?.[1] !== undefined && mig[2] !== undefined) gpu.push({ name: mig[1], uuid: mig[2] });
  }
  return found;
}

/** The highest CUDA that the driver runs, from the banner or `--version`. */
function parseMaxCuda(text: string): string | undefined {
  return /CUDA (?:UMD )?Version\s*:\s*(\d+\.\d+)/i.exec(text)?.[1];
}

/** What an exit code other than 0 means; the text decides where the code says little. */
function explainExit(code: number, text: string): string {
  if (/version mismatch/i.test(text)) return causes[18] ?? text;
  if (/couldn't communicate with the NVIDIA driver/i.test(text)) return causes[9] ?? text;
  if (lostGpu.test(text)) return causes[15] ?? text;
  return causes[code] ?? `nvidia-smi ended with code ${code}`;
}

const limitMs = 5000;
const wslPath = '/usr/lib/wsl/lib/nvidia-smi';

type Exited = Extract<ProgramResult, { kind: 'exited' }>;

/** Asks nvidia-smi for GPUs with their brands, driver and highest CUDA. In WSL the program is often not on PATH. */
export async function probeNvidiaDriver(world: HostWorld): Promise<Fact<NvidiaDriver>> {
  for (const program of world.platform === 'linux' ? ['nvidia-smi', wslPath] : ['nvidia-smi']) {
    const result = await queryGpus(world, program);
    if (result.kind === 'timeout') return couldNotAsk(`${program} did not answer within ${result.limitMs / 1000} s`);
    if (result.kind === 'failed') return couldNotAsk(`${program} could not be run: ${result.reason}`);
    if (result.kind === 'exited') return readAnswer(world, program, result);
  }
  return known({ kind: 'absent' }, 'no nvidia-smi on PATH');
}

async function queryGpus(world: HostWorld, program: string): Promise<ProgramResult> {
  const query = (fields: readonly string[]): Promise<ProgramResult> =>
    world.run(program, [`--query-gpu=${fields.join(',')}`, '--format=csv,noheader,nounits'], limitMs);
  const result = await query(gpuFields);
  const isTooOld = result.kind === 'exited' && /is not a valid field/i.test(result.stdout + result.stderr);
  return isTooOld ? query(gpuFields.slice(0, -1)) : result;
}

async function readAnswer(world: HostWorld, program: string, result: Exited): Promise<Fact<NvidiaDriver>> {
  const text = `${result.stdout}\n${result.stderr}`.trim();
  const rows = parseGpuRows(result.stdout);
  // 14 is only a warning about the infoROM: the rows are there.
  // Of several GPUs one may be lost: those that have rows are still there.
  const areWhole = result.code === 0 || result.code === 14 || lostGpu.test(text);
  if (rows === undefined || !areWhole) {
    const cause = explainExit(result.code, text);
    const exitCode = lostGpu.test(text) ? 15 : result.code;
    return known({ kind: 'broken', exitCode, cause, text }, `${program}: ${text.split('\n')[0] ?? cause}`);
  }
  const ask = async (...args: readonly string[]): Promise<string> => {
    const answer = await world.run(program, args, limitMs);
    return answer.kind === 'exited' ? answer.stdout : '';
  };
  const [list, banner, whole] = await Promise.all([ask('-L'), ask(), ask('-q')]);
  const [migOf, maxCuda, brands] = [parseMigDevices(list), parseMaxCuda(banner), parseBrands(whole)];
  const blocks = whole.split(/^GPU [0-9A-F:.]+$/m).slice(1);
  const gpus = rows.gpus.map((gpu, at) => {
    const brand = brands.length === rows.gpus.length ? brands[at] : brandOfName(gpu.name);
    const migDevices = migOf.get(gpu.index) ?? [];
    const hindrances =
      blocks.length === rows.gpus.length
        ? findHindrances(blocks[at] ?? '', list === '' ? undefined : migDevices.length)
        : [];
    return { ...gpu, ...omitUndefined({ brand }), migDevices, ...(hindrances.length === 0 ? {} : { hindrances }) };
  });
  const cuda = maxCuda === undefined ? {} : { maxCuda };
  const lost = lostGpu.test(text) ? `; ${causes[15] ?? ''} for one more` : '';
  return known(
    { kind: 'working', version: rows.driverVersion, ...cuda, gpus },
    `${program}: driver ${rows.driverVersion}, ${gpus.map(({ name }) => name).join(', ')}${lost}`,
  );
}

/** Brands that nvidia-smi writes in other words than a condition of NVIDIA_REQUIRE_CUDA. */
const brandWords: Readonly<Record<string, string>> = {
  'nvidia virtual applications': 'vapps',
  'nvidia virtual pc': 'vpc',
  'nvidia virtual compute server': 'vcs',
  'nvidia rtx virtual workstation': 'vws',
  'nvidia cloud gaming': 'cloudgaming',
};

/** The brand of each GPU in the order of `nvidia-smi -q`, in the words of NVIDIA_REQUIRE_CUDA: `nvidia`, `geforce`, `quadrortx`. */
function parseBrands(text: string): readonly string[] {
  return [...text.matchAll(/^\s*Product Brand\s*:\s*(.+?)\s*$/gm)].map(([, brand = '']) => {
    const name = brand.toLowerCase();
    return brandWords[name] ?? name.replace(/ /g, '');
  });
}

const byName: readonly (readonly [RegExp, string])[] = [
  [/geforce/i, 'geforce'],
  [/titan/i, 'titan'],
  [/quadro rtx/i, 'quadrortx'],
  [/quadro/i, 'quadro'],
  [/tesla/i, 'tesla'],
  [/grid/i, 'grid'],
  [/\bRTX\b/, 'nvidiartx'],
  [/\b[ABHLPTV]\d+/, 'nvidia'],
];

/** The brand that a GPU's name tells, where nvidia-smi was not asked for it; undefined for names that tell none. */
function brandOfName(name: string): string | undefined {
  return byName.find(([pattern]) => pattern.test(name))?.[1];
}
