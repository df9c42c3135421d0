import type { ProviderName } from '../model/config.js';

/** What NVIDIA's libraries read before they choose a kernel: 0 keeps products of FP32 numbers from being rounded to TF32. */
const variable = 'NVIDIA_TF32_OVERRIDE';

/**
 * Decides for this process and its children whether a GPU may round the factors of FP32 products to TF32 (10 bits of mantissa in the place
 * of 23). `env` is the environment of the main thread's process object, and has to be set before CUDA's libraries are loaded. The runtime
 * has an option of its own for this (`use_tf32`, on by default), which its Node.js binding does not pass on. A variable that is set stays.
 */
export function decideTf32(env: NodeJS.ProcessEnv, isAllowed: boolean): void {
  if (!isAllowed) env[variable] ??= '0';
}

/** Whether this process may round to TF32. */
export function isTf32Allowed(env: NodeJS.ProcessEnv): boolean {
  return env[variable] !== '0';
}

/** What a provider's choice says of it, for people; undefined where the provider is not NVIDIA's. */
export function describeTf32(provider: ProviderName, env: NodeJS.ProcessEnv): string | undefined {
  if (provider !== 'cuda' && provider !== 'tensorrt') return undefined;
  return isTf32Allowed(env) ? 'FP32 products may be rounded to TF32' : 'FP32 at full precision (--tf32 allows TF32)';
}
