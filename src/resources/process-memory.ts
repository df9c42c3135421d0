/** Memory of a process as the kernel counts it. Pss divides shared pages among those who map them. */
export interface ProcessMemory {
  readonly rssBytes: number;
  readonly pssBytes: number;
}

/** /proc/<pid>/smaps_rollup; undefined where a figure is missing. */
export function parseSmapsRollup(text: string): ProcessMemory | undefined {
  const figure = (name: string): number | undefined => {
    const kilobytes = new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text)?.[1];
    return kilobytes === undefined ? undefined : Number(kilobytes) * 1024;
  };
  const [rssBytes, pssBytes] = [figure('Rss'), figure('Pss')];
  return rssBytes === undefined || pssBytes === undefined ? undefined : { rssBytes, pssBytes };
}
