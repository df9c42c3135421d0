import { messageOf } from '../../errors.js';
import type { ProviderProof } from '../../engine/providers.js';
import type { GpuReport } from '../../resources/gpu-readings.js';
import type { Devices } from '../../workers/lost-devices.js';
import type { Log } from '../log/log.js';

/** How GPUs are watched. */
export interface GpuWatchOptions {
  /** What nvidia-smi says now. */
  readonly read: () => Promise<GpuReport>;
  /** Tries a device of CUDA in a process of its own. */
  readonly probe: (deviceId: number) => Promise<ProviderProof>;
  readonly log: Log;
}

/**
 * Notices that a GPU vanished under models that nobody asks anything. nvidia-smi is what is asked, since it costs the GPU nothing; where it fails,
 * or lists fewer GPUs than before, a process of its own tries each device that models are on, and those of one that does not work are given up.
 */
export class GpuWatch {
  readonly #options: GpuWatchOptions;
  #most = 0;
  #told = '';

  constructor(options: GpuWatchOptions) {
    this.#options = options;
  }

  /** Looks once, where models are on a GPU of CUDA and nvidia-smi has worked before. */
  async look(devices: Devices): Promise<void> {
    const { read, probe, log } = this.#options;
    if (devices.cuda.length === 0) return;
    const report = await read();
    const count = report.kind === 'ok' ? report.gpus.length : 0;
    this.#most = Math.max(this.#most, count);
    const reason = report.kind === 'failed' ? report.reason : `it lists ${count} GPUs, and listed ${this.#most} before`;
    if (count === this.#most) {
      if (this.#told !== '') log.info({ gpus: count }, 'nvidia-smi lists the GPUs again');
      this.#told = '';
      return;
    }
    if (reason !== this.#told) log.warn({ reason }, 'nvidia-smi no longer lists the GPUs: each one is tried');
    this.#told = reason;
    for (const deviceId of devices.cuda) {
      const proof = await probe(deviceId);
      if (!proof.works) devices.lose(deviceId, `The GPU ${deviceId} is gone: ${proof.reason}. nvidia-smi: ${reason}.`);
    }
  }
}

/** Looks again and again, one look at a time; holds no process open. */
export function watchGpus(devices: Devices, everyMs: number, options: GpuWatchOptions): void {
  const watch = new GpuWatch(options);
  const look = (): void => {
    const tell = (thrown: unknown) => options.log.warn({ reason: messageOf(thrown) }, 'the GPUs could not be checked');
    void watch.look(devices).catch(tell).finally(later);
  };
  const later = (): void => void setTimeout(look, everyMs).unref();
  later();
}
