import type { Fact, HostFacts, NvidiaGpu, PciGpu } from '../../facts/facts.js';
import { cudaOfDriver } from './versions.js';

/** What all probes together say of NVIDIA GPUs on the engine's host. */
export type NvidiaSignal =
  | {
      readonly kind: 'present';
      readonly evidence: string;
      readonly driverVersion?: string;
      /** Highest CUDA that the driver runs. */
      readonly maxCuda?: string;
      /** Empty where only the kernel's own files answered. */
      readonly gpus: readonly NvidiaGpu[];
      readonly isJetson: boolean;
    }
  | { readonly kind: 'absent'; readonly cause: string; readonly fix: string }
  | { readonly kind: 'unknown'; readonly reason: string };

/** Reasons over the probes: a working nvidia-smi or a loaded kernel module proves a GPU, hardware alone does not. */
export function readNvidiaSignal(host: HostFacts): NvidiaSignal {
  const isJetson = host.system.state === 'known' && host.system.value.isJetson;
  const { nvidiaDriver: driver, nvidiaModule: module } = host;
  if (driver.state === 'known' && driver.value.kind === 'working') {
    const { version, gpus, maxCuda = cudaOfDriver(version) } = driver.value;
    const cuda = maxCuda === undefined ? {} : { maxCuda };
    return { kind: 'present', evidence: driver.evidence, driverVersion: version, ...cuda, gpus, isJetson };
  }
  if (driver.state === 'known' && driver.value.kind === 'broken' && driver.value.exitCode !== 6) {
    return {
      kind: 'absent',
      cause: `the NVIDIA driver is broken: ${driver.value.cause}`,
      fix: brokenFix(driver.value.exitCode),
    };
  }
  if (module.state === 'known' && module.value.kind === 'loaded' && !isWithoutGpu(driver)) {
    const { version } = module.value;
    const maxCuda = cudaOfDriver(version);
    const cuda = maxCuda === undefined ? {} : { maxCuda };
    return { kind: 'present', evidence: module.evidence, driverVersion: version, ...cuda, gpus: [], isJetson };
  }
  if (isJetson) return { kind: 'present', evidence: 'a Jetson (Tegra files)', gpus: [], isJetson };
  return readHardware(host);
}

function isWithoutGpu(driver: HostFacts['nvidiaDriver']): boolean {
  return driver.state === 'known' && driver.value.kind === 'broken' && driver.value.exitCode === 6;
}

function brokenFix(exitCode: number): string {
  if (exitCode === 18 || exitCode === 15) return 'sudo reboot';
  if (exitCode === 12) return 'reinstall the NVIDIA driver, reboot, and check with nvidia-smi';
  return 'sudo modprobe nvidia; then look for NVRM in dmesg, and check with nvidia-smi';
}

function readHardware(host: HostFacts): NvidiaSignal {
  const { pciGpus, nvidiaDriver: driver } = host;
  const found = pciGpus.state === 'known' ? pciGpus.value : [];
  const card = found.find(({ vendor }) => vendor === 'nvidia');
  if (card !== undefined) {
    return {
      kind: 'absent',
      cause: `an NVIDIA card is there (${card.device} at ${card.address}), but ${driverSentence(card)}`,
      fix: 'install the NVIDIA driver, reboot, and check with nvidia-smi',
    };
  }
  if (driver.state === 'unknown') return { kind: 'unknown', reason: driver.reason };
  const other = found.find(({ vendor }) => vendor === 'amd') ?? found[0];
  const others =
    other === undefined
      ? ''
      : `; the ${other.vendor === 'amd' ? 'AMD' : 'Intel'} GPU at ${other.address} has no image yet`;
  const said = [driver, host.nvidiaModule, pciGpus].map(sentence).join('; ');
  return { kind: 'absent', cause: `no NVIDIA GPU was found (${said})${others}`, fix: 'use --variant cpu' };
}

function driverSentence({ driver }: PciGpu): string {
  if (driver === undefined) return 'no driver runs it';
  if (driver === 'vfio-pci') return 'it is given to a virtual machine (vfio-pci)';
  return driver === 'nvidia' ? 'its driver does not answer' : `${driver} runs it instead of NVIDIA's driver`;
}

function sentence(fact: Fact<unknown>): string {
  return fact.state === 'known' ? fact.evidence : fact.reason;
}
