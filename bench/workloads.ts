/** What servers are compared at: each is one model, one form of request and a few numbers of clients. */
export const workNames = ['tensor', 'image', 'json'] as const;
/** The name of a workload. */
export type WorkName = (typeof workNames)[number];

/** A kind of request that servers are compared on. */
export interface Workload {
  readonly name: WorkName;
  readonly title: string;
  readonly model: 'ultraface' | 'tiny';
  readonly clients: readonly number[];
  /** Clients under which the least and the most is asked of all servers at once, to warm them up. */
  readonly warmClients: number;
  /** Answers of each server before it is measured: then what a request runs through is compiled. */
  readonly warmAnswers: number;
}

/** The workloads that Slipway and its peers are compared on. */
export const workloads: readonly Workload[] = [
  {
    name: 'tensor',
    title: 'ultraface, 0.9 MB of FP32 in, 0.1 MB out',
    model: 'ultraface',
    clients: [1, 2, 8],
    warmClients: 2,
    warmAnswers: 5000,
  },
  {
    name: 'image',
    title: 'ultraface, JPEG of 640x480 in',
    model: 'ultraface',
    clients: [1, 4, 8],
    warmClients: 4,
    warmAnswers: 5000,
  },
  {
    name: 'json',
    title: 'add and subtract of two INT32[1,16], JSON both ways',
    model: 'tiny',
    clients: [1, 4, 16, 64],
    warmClients: 4,
    warmAnswers: 5000,
  },
];

/** The workload of a name. */
export function workloadOf(name: WorkName): Workload {
  const found = workloads.find((workload) => workload.name === name);
  if (found === undefined) throw new RangeError(`There is no workload ${name}`);
  return found;
}
