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
