/** Compares dotted versions by number: negative when `a` is older. Missing parts count as 0. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [a, b].map((text) => text.split('.').map(Number));
  for (let part = 0; part < Math.max(left?.length ?? 0, right?.length ?? 0); part += 1) {
    const difference = (left?.[part] ?? 0) - (right?.[part] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/**
 * Whether code compiled for these architectures runs on a GPU of this compute capability. Machine code (`80-real`) runs
 * within its major version from its minor on; `90a` on exactly 9.0; intermediate code (`90-virtual`) on anything newer.
 */
export function runsOn(architectures: readonly string[], computeCapability: string): boolean {
  const [major = 0, minor = 0] = computeCapability.split('.').map(Number);
  return architectures.some((architecture) => {
    const match = /^(\d+)(\d)([af]?)(?:-(real|virtual))?$/.exec(architecture);
    if (match === null) return false;
    const [codeMajor, codeMinor] = [Number(match[1]), Number(match[2])];
    if (match[3] === 'a') return codeMajor === major && codeMinor === minor;
    const isSameMajor = codeMajor === major && codeMinor <= minor;
    return isSameMajor || (match[4] === 'virtual' && codeMajor < major && match[3] === '');
  });
}

/** The driver with which each CUDA came for Linux (CUDA release notes, table 3), newest first. */
const driversOfCuda: readonly (readonly [cuda: string, driver: string])[] = [
  ['13.2', '595.45.04'],
  ['13.1', '590.44.01'],
  ['13.0', '580.65.06'],
  ['12.9', '575.51.03'],
  ['12.8', '570.26'],
  ['12.6', '560.28.03'],
  ['12.5', '555.42.02'],
  ['12.4', '550.54.14'],
  ['12.3', '545.23.06'],
  ['12.2', '535.54.03'],
  ['12.1', '530.30.02'],
  ['12.0', '525.60.13'],
  ['11.8', '520.61.05'],
  ['11.4', '470.42.01'],
  ['11.0', '450.36.06'],
];

/** The highest CUDA that a driver runs, for where nvidia-smi does not tell; undefined for drivers older than all of the table. */
export function cudaOfDriver(driver: string): string | undefined {
  return driversOfCuda.find(([, oldest]) => compareVersions(driver, oldest) >= 0)?.[0];
}
