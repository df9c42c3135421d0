/** How many CPUs this process may use, and what says so. */
export interface CpuBudget {
  /** CPUs, at least 1: the smallest of the limits, a quota rounded up. */
  readonly cpus: number;
  /** `cgroup v2 cpu.max 150000/100000`, `cpuset 0-1`, `2 online`. */
  readonly source: string;
}

/** One division of the CPUs among everything that runs threads. workers x intraOpThreads <= cpus. */
export interface ThreadBudget extends CpuBudget {
  readonly workers: number;
  readonly intraOpThreads: number;
  /** Threads that read and write images and large bodies; the others start when the first are busy. */
  readonly codecThreads: number;
  /** Threads of the image library for one image. */
  readonly imageThreads: number;
  /** libuv's pool (UV_THREADPOOL_SIZE). */
  readonly ioThreads: number;
}

/** What nvidia-smi says of one GPU now; absent figures are those it does not know. */
export interface GpuReading {
  readonly index: number;
  readonly name: string;
  readonly uuid: string;
  readonly utilizationRatio?: number;
  readonly memoryUsedBytes?: number;
  readonly memoryTotalBytes?: number;
  readonly temperatureCelsius?: number;
  readonly powerWatts?: number;
}
