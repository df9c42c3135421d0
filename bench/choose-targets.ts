import type { BenchSettings, TargetName } from './settings.js';
import type { GpuFacts } from './types.js';
import { planContainer } from './targets/container.js';
import { planNative } from './targets/native.js';
import type { TargetPlan } from './targets/target.js';
import { parseOrigin, planUrl } from './targets/url.js';

/** What there is to choose from. */
export interface TargetChoice {
  readonly settings: Pick<BenchSettings, 'targets' | 'urls' | 'headers' | 'method'>;
  readonly gpu: GpuFacts;
  /** Whether an engine for containers seems to be there. */
  readonly hasEngine: boolean;
  readonly env: NodeJS.ProcessEnv;
  /** Flags for every native server. */
  readonly flags: readonly string[];
}

/** Names of the targets that are tried without a request: the CPU always, GPUs where there is one, containers where there is an engine. */
export function chooseNames({ settings, gpu, hasEngine }: Omit<TargetChoice, 'env' | 'flags'>): readonly TargetName[] {
  if (settings.targets !== 'auto') return settings.targets;
  const hasNvidia = gpu.driver !== null;
  const withContainers = hasEngine && settings.method.mode !== 'quick';
  return [
    'native-cpu',
    ...(hasNvidia ? (['native-cuda'] as const) : []),
    ...(gpu.gpus.length > 0 ? (['native-webgpu'] as const) : []),
    ...(withContainers ? (['container-cpu'] as const) : []),
    ...(withContainers && hasNvidia ? (['container-gpu'] as const) : []),
  ];
}

/** Plans of the targets to try. Throws USAGE for a bad address. */
export function chooseTargets(choice: TargetChoice): readonly TargetPlan[] {
  const { settings, env, flags } = choice;
  const planned = chooseNames(choice).map((name) => {
    const [kind, what] = name.split('-') as ['native' | 'container', string];
    return kind === 'native' ? planNative({ provider: what as 'cpu', env, flags }) : planContainer(what as 'cpu');
  });
  return [...planned, ...settings.urls.map((url) => planUrl(parseOrigin(url, settings.headers)))];
}
