import type { ProviderProof } from '../../engine/providers.js';
import type { DeviceLoss } from '../../workers/runner-options.js';
import type { Log } from '../log/log.js';

/** How a lost GPU is tried again. */
export interface GpuKeeperOptions {
  /** Tries a GPU in a process of its own. */
  readonly probe: (loss: DeviceLoss) => Promise<ProviderProof>;
  /** Whether its models are still given up. */
  readonly isGone: (loss: DeviceLoss) => boolean;
  /** Ends this process once what it runs is finished, for its supervisor to start another one. */
  readonly renew: (what: string) => void;
  /** Until a GPU that answered nobody is asked again. */
  readonly wait: () => Promise<void>;
  readonly log: Log;
}

/**
 * What to do about a GPU that this process lost and does not get back. Where it answers another process, this one is what is broken, and has
 * to be renewed; where it answers nobody, its models stay refused, and it is asked again.
 */
export async function keepGpu(loss: DeviceLoss, { probe, isGone, renew, wait, log }: GpuKeeperOptions): Promise<void> {
  const { worker, provider, deviceId } = loss;
  let told = '';
  while (isGone(loss)) {
    const proof = await probe(loss);
    if (!isGone(loss)) return;
    const reason = !proof.works ? proof.reason : proof.isSoftware === true ? 'its adapter is software' : undefined;
    if (reason === undefined) {
      renew(`${provider} on device ${deviceId} works in another process, but no longer in this one: ${loss.reason}`);
      return;
    }
    if (reason !== told)
      log.error(
        { worker, provider, deviceId, reason },
        'the GPU answers no other process either: its models are refused',
      );
    told = reason;
    await wait();
  }
}
