import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createGpuReader } from '../../src/resources/gpu-readings.js';
import type { GpuFacts } from '../types.js';

const vendors: Readonly<Record<string, string>> = { '0x10de': 'NVIDIA', '0x1002': 'AMD', '0x8086': 'Intel' };

/** GPUs of this machine, or why none is believed to be there: nvidia-smi, the PCI bus and device files are asked. `root` stands before /sys and /dev. */
export async function readGpus(root = '/'): Promise<GpuFacts> {
  const [smi, pci, devices] = await Promise.all([createGpuReader().read(), readPci(root), readDevices(root)]);
  const evidence = [
    smi.kind === 'ok' ? `nvidia-smi lists ${smi.gpus.length} GPU(s)` : smi.reason,
    pci.evidence,
    devices.length > 0 ? `there is ${devices.join(', ')}` : `there is no ${deviceFiles.join(', ')}`,
  ];
  const gpus =
    smi.kind === 'ok'
      ? smi.gpus.map(({ name, memoryTotalBytes }) => ({ name, memoryBytes: memoryTotalBytes ?? null }))
      : pci.names.map((name) => ({ name, memoryBytes: null }));
  const { driver, cuda } = smi.kind === 'ok' ? await readDriver() : { driver: null, cuda: null };
  return { gpus, driver, cuda, evidence };
}

/** Display and 3D controllers (PCI class 0x03) of vendors that make GPUs. */
async function readPci(root: string): Promise<{ readonly names: readonly string[]; readonly evidence: string }> {
  const folder = join(root, 'sys/bus/pci/devices');
  const devices = await readdir(folder).catch(() => undefined);
  if (devices === undefined) return { names: [], evidence: 'the PCI bus could not be asked' };
  const read = (device: string, file: string) => readFile(join(folder, device, file), 'utf8').catch(() => '');
  const found = await Promise.all(
    devices.map(async (device) => {
      if (!(await read(device, 'class')).startsWith('0x03')) return [];
      const vendor = vendors[(await read(device, 'vendor')).trim()];
      return vendor === undefined ? [] : [`${vendor} GPU at ${device}`];
    }),
  );
  const names = found.flat();
  const what = names.length > 0 ? names.join(', ') : 'no NVIDIA, AMD or Intel display controller';
  return { names, evidence: `the PCI bus (${devices.length} devices) has ${what}` };
}

const deviceFiles = ['/dev/nvidia0', '/dev/dri', '/dev/kfd', '/dev/dxg'];

async function readDevices(root: string): Promise<readonly string[]> {
  const names: readonly string[] = await readdir(join(root, 'dev')).catch(() => []);
  return deviceFiles.filter((path) => names.includes(path.slice('/dev/'.length)));
}

/** Driver and the highest CUDA version that it supports, out of nvidia-smi's own heading. */
function readDriver(): Promise<{ readonly driver: string | null; readonly cuda: string | null }> {
  return new Promise((resolve) => {
    execFile('nvidia-smi', { timeout: 5000 }, (_, stdout) => {
      resolve({
        driver: /Driver Version:\s*([\d.]+)/.exec(stdout)?.[1] ?? null,
        cuda: /CUDA Version:\s*([\d.]+)/.exec(stdout)?.[1] ?? null,
      });
    });
  });
}

/** One line that says whether there is a GPU and why that is believed. */
export function describeGpus({ gpus, driver, cuda, evidence }: GpuFacts): string {
  if (gpus.length === 0) return `No GPU: ${evidence.join('; ')}.`;
  const software = driver === null ? '' : ` (driver ${driver}, CUDA up to ${cuda ?? 'unknown'})`;
  return `GPU: ${gpus.map(({ name }) => name).join(', ')}${software}.`;
}
