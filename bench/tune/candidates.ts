/** Settings of one model that the tuner tries; each has its place in model.json. */
export interface Candidate {
  readonly workers: number;
  readonly threads: number;
  /** Rows of one run; 1: no batching. */
  readonly maxRows: number;
  readonly maxDelayMs: number;
  /** Whether runs are padded to powers of two. */
  readonly hasBuckets: boolean;
}

/** What limits the settings that are tried. */
export interface SearchSpace {
  readonly cpus: number;
  /** 0: the model has no batch dimension. */
  readonly mostRows: number;
}

/** Every candidate worth a try: all divisions of the CPUs into workers and threads, and where rows can gather, how many, how long and whether padded. */
export function listCandidates({ cpus, mostRows }: SearchSpace): readonly Candidate[] {
  const divisions = powersUpTo(cpus).map((threads) => ({ workers: Math.floor(cpus / threads), threads }));
  const rows = [4, 16, 64].filter((count) => count <= mostRows);
  const alone = { maxRows: 1, maxDelayMs: 0, hasBuckets: false };
  const gathering = rows.flatMap((maxRows) =>
    [0, 2].flatMap((maxDelayMs) => [true, false].map((hasBuckets) => ({ maxRows, maxDelayMs, hasBuckets }))),
  );
  return divisions.flatMap((division) => [alone, ...gathering].map((batching) => ({ ...division, ...batching })));
}

function powersUpTo(most: number): readonly number[] {
  const powers = [];
  for (let power = 1; power <= most; power *= 2) powers.push(power);
  return powers;
}

/** The keys of model.json that a candidate sets. */
export function toModelJson({ workers, threads, maxRows, maxDelayMs, hasBuckets }: Candidate) {
  return {
    batching: { maxRows, maxDelayMs, buckets: hasBuckets ? powersUpTo(maxRows) : [] },
    instances: { cpu: workers },
    execution: { intraOpThreads: threads },
  };
}

/** `2 x 1 threads, 16 rows, 2 ms, buckets`. */
export function describeCandidate({ workers, threads, maxRows, maxDelayMs, hasBuckets }: Candidate): string {
  const division = `${workers} x ${threads} ${threads === 1 ? 'thread' : 'threads'}`;
  if (maxRows === 1) return `${division}, no batching`;
  return `${division}, ${maxRows} rows, ${maxDelayMs} ms, ${hasBuckets ? 'buckets' : 'no buckets'}`;
}
