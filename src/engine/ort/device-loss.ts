/**
 * CUDA errors after which nothing runs any more in the process that met them: its context is broken, or the device is gone. Another
 * process may get the device back.
 */
const lastingCuda = new Set([
  46, 100, 101, 214, 219, 220, 226, 304, 700, 702, 709, 710, 714, 715, 716, 717, 718, 719, 721, 722, 802, 999,
]);

/** The same of WebGPU's device. */
const webgpuLoss =
  /WebGPU device (?:is |was )?lost|\bdevice (?:is|was) lost\b|\bGPU connection lost\b|\bDXGI_ERROR_DEVICE_\w+/i;

/**
 * What the runtime says of a device that was lost while it computed, for a sentence; undefined where it says something else. Names of
 * nodes, which the model's author chose, are not read.
 */
export function findDeviceLoss(text: string): string | undefined {
  const said = text.replace(/Name:\s*'[^']*'/g, '');
  for (const [, number = '', meaning = ''] of said.matchAll(/\bCUDA failure (\d+)\s*:?\s*([^;\n]*)/g))
    if (lastingCuda.has(Number(number))) return `CUDA failure ${number}${meaning === '' ? '' : `: ${meaning.trim()}`}`;
  return webgpuLoss.exec(said)?.[0];
}
