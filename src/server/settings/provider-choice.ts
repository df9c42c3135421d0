import { createDeviceFinder, type DeviceFinder } from '../../engine/devices.js';
import { probeProvider } from '../../engine/probe/probe.js';
import { chooseProvider, listCandidates, type ProviderChoice, type ProviderProof } from '../../engine/providers.js';
import { describeTf32 } from '../../engine/tf32.js';
import type { ExecutionConfig, ProviderName, ProviderRequest } from '../../model/config.js';
import { createGpuReader } from '../../resources/gpu-readings.js';

/** What a model's execution provider is chosen by. */
export interface ProviderOptions {
  /** The server's wish, for models that have none of their own. */
  readonly wish: ProviderRequest;
  readonly requireGpu: boolean;
  readonly env: NodeJS.ProcessEnv;
}

/** Where models are to run. */
export interface ProviderChooser {
  /** The provider that a model gets. */
  readonly choose: (execution: ExecutionConfig) => Promise<ProviderChoice & { readonly isGpuRequired: boolean }>;
  /** The GPUs that it gets. */
  readonly findDevices: DeviceFinder;
}

/**
 * Chooses each model's provider and devices. A provider is tried once, in a process of its own, and only when some model may end at it:
 * the candidates before the first that works are all that is ever tried.
 */
export function createProviderChooser(options: ProviderOptions): ProviderChooser {
  const proofs = new Map<ProviderName, Promise<ProviderProof>>();
  const prove = (provider: ProviderName): Promise<ProviderProof> => {
    const proof = proofs.get(provider) ?? probeProvider(provider, { env: options.env });
    proofs.set(provider, proof);
    return proof;
  };
  const choose: ProviderChooser['choose'] = async ({ providers, requireGpu }) => {
    const isGpuRequired = requireGpu || options.requireGpu;
    const wish = { model: providers, server: options.wish, requireGpu: isGpuRequired };
    const known: Partial<Record<ProviderName, ProviderProof>> = {};
    for (const provider of listCandidates(wish)) {
      known[provider] = await prove(provider);
      const choice = tryChoice(wish, known);
      if (choice !== undefined) return { ...withPrecision(choice, options.env), isGpuRequired };
    }
    return { ...withPrecision(chooseProvider(wish, known), options.env), isGpuRequired };
  };
  const findDevices = createDeviceFinder({
    prove: (provider, deviceId) => probeProvider(provider, { deviceId, env: options.env }),
    countGpus: () => countGpus(options.env),
  });
  return { choose, findDevices };
}

function withPrecision(choice: ProviderChoice, env: NodeJS.ProcessEnv): ProviderChoice {
  const precision = describeTf32(choice.provider, env);
  return precision === undefined ? choice : { ...choice, reason: `${choice.reason}; ${precision}` };
}

async function countGpus(env: NodeJS.ProcessEnv): Promise<number | undefined> {
  const report = await createGpuReader({ env }).read();
  return report.kind === 'ok' && report.gpus.length > 0 ? report.gpus.length : undefined;
}

function tryChoice(...[wish, proofs]: Parameters<typeof chooseProvider>): ProviderChoice | undefined {
  try {
    return chooseProvider(wish, proofs);
  } catch {
    return undefined;
  }
}
