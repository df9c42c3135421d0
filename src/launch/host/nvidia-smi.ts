import { known, couldNotAsk, type Fact, type NvidiaDriver } from '../facts.js';
import { brandOfName, parseBrands } from './brand.js';
import { explainExit, gpuFields, parseGpuRows, parseMaxCuda, parseMigDevices } from './nvidia-smi-output.js';
import type { HostWorld, ProgramResult } from './world.js';

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
  if (rows === undefined || (result.code !== 0 && result.code !== 14)) {
    const cause = explainExit(result.code, text);
    return known({ kind: 'broken', exitCode: result.code, cause, text }, `${program}: ${text.split('\n')[0] ?? cause}`);
  }
  const ask = async (...args: readonly string[]): Promise<string> => {
    const answer = await world.run(program, args, limitMs);
    return answer.kind === 'exited' ? answer.stdout : '';
  };
  const [list, banner, whole] = await Promise.all([ask('-L'), ask(), ask('-q')]);
  const [migOf, maxCuda, brands] = [parseMigDevices(list), parseMaxCuda(banner), parseBrands(whole)];
  const gpus = rows.gpus.map((gpu, at) => {
    const brand = brands.length === rows.gpus.length ? brands[at] : brandOfName(gpu.name);
    return { ...gpu, ...(brand === undefined ? {} : { brand }), migDevices: migOf.get(gpu.index) ?? [] };
  });
  const cuda = maxCuda === undefined ? {} : { maxCuda };
  return known(
    { kind: 'working', version: rows.driverVersion, ...cuda, gpus },
    `${program}: driver ${rows.driverVersion}, ${gpus.map(({ name }) => name).join(', ')}`,
  );
}
