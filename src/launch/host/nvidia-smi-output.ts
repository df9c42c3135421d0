import type { MigDevice, NvidiaGpu } from '../facts.js';

/** Fields asked of nvidia-smi; a driver too old for the last one gets the list without it. */
export const gpuFields = ['index', 'name', 'uuid', 'driver_version', 'memory.total', 'compute_cap'] as const;

/** nvidia-smi exits with NVML's code. */
const causes: Readonly<Record<number, string>> = {
  6: 'no NVIDIA GPU was found by the driver',
  9: 'the NVIDIA kernel module is not loaded',
  12: "the driver's library libnvidia-ml.so is missing",
  15: 'the GPU fell off the bus; reboot the machine',
  17: 'the operating system (a cgroup) blocks access to the GPU',
  18: "the driver's library and its kernel module are of different versions; reboot the machine",
};

export interface GpuRows {
  readonly driverVersion: string;
  readonly gpus: readonly Omit<NvidiaGpu, 'migDevices'>[];
}

/** Rows of `--query-gpu=<gpuFields> --format=csv,noheader,nounits`; undefined where the text is no such table. */
export function parseGpuRows(text: string): GpuRows | undefined {
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
export function parseMigDevices(text: string): ReadonlyMap<number, readonly MigDevice[]> {
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
export function parseMaxCuda(text: string): string | undefined {
  return /CUDA (?:UMD )?Version\s*:\s*(\d+\.\d+)/i.exec(text)?.[1];
}

/** What an exit code other than 0 means; the text decides where the code says little. */
export function explainExit(code: number, text: string): string {
  if (/version mismatch/i.test(text)) return causes[18] ?? text;
  if (/couldn't communicate with the NVIDIA driver/i.test(text)) return causes[9] ?? text;
  return causes[code] ?? `nvidia-smi ended with code ${code}`;
}
