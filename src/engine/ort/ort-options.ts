import type { ProviderName } from '../../model/config.js';
import type { SessionSpec } from '../engine.js';

/** Session options as onnxruntime-node reads them; what is named wrongly there is ignored without a word. */
export interface OrtSessionOptions {
  readonly executionProviders: readonly (string | { readonly name: string; readonly deviceId?: number })[];
  readonly intraOpNumThreads: number;
  readonly executionMode: 'sequential';
  readonly graphOptimizationLevel: 'disabled' | 'basic' | 'all';
  readonly enableCpuMemArena: boolean;
  readonly logId: string;
  readonly logSeverityLevel: 0 | 1 | 2 | 3 | 4;
  readonly enableProfiling?: true;
  readonly profileFilePrefix?: string;
  readonly optimizedModelFilePath?: string;
  readonly extra: Readonly<Record<string, string>>;
}

/** Providers that the runtime tries for a request, in order; the CPU takes what they leave. */
const chains: Readonly<Record<ProviderName, readonly ProviderName[]>> = {
  cpu: ['cpu'],
  cuda: ['cuda', 'cpu'],
  tensorrt: ['tensorrt', 'cuda', 'cpu'],
  webgpu: ['webgpu', 'cpu'],
};

/**
 * Options of a session. The thread count is always set, since the runtime's own ignores quota and cpuset, and waiting threads
 * sleep instead of spinning, unless told otherwise, so that sessions share the CPUs. Nothing is logged: errors are thrown as well.
 */
export function sessionOptions(spec: SessionSpec, profilePrefix?: string): OrtSessionOptions {
  const chain = chains[spec.provider].filter((name) => name !== 'cpu' || !spec.strict || spec.provider === 'cpu');
  const strict = spec.strict && spec.provider !== 'cpu';
  return {
    executionProviders: chain.map((name) =>
      name === 'cuda' || name === 'tensorrt' ? { name, deviceId: spec.deviceId } : name,
    ),
    intraOpNumThreads: spec.intraOpThreads,
    executionMode: 'sequential',
    graphOptimizationLevel: spec.optimised ? 'disabled' : 'all',
    enableCpuMemArena: spec.arena !== false,
    logId: spec.logId,
    logSeverityLevel: 4,
    ...(profilePrefix === undefined ? {} : { enableProfiling: true, profileFilePrefix: profilePrefix }),
    extra: {
      ...spinning(spec.spinUs),
      ...(strict ? { 'session.disable_cpu_ep_fallback': '1' } : {}),
      ...(spec.hasDoubles && leaveOut(fusionsFaultyOnDoubles)),
    },
  };
}

const spinning = (us = 0) =>
  us === 0 ? { 'session.intra_op.allow_spinning': '0' } : { 'session.intra_op.spin_duration_us': String(us) };

/** One takes 1e-5 for whatever epsilon the model has, the other makes nodes for which the CPU has no kernel. */
const fusionsFaultyOnDoubles = ['SimplifiedLayerNormFusion', 'QuickGeluFusion'];

/** Those, and the others of which public reports say that they make invalid graphs of sound ones. */
const faultyFusions = [...fusionsFaultyOnDoubles, 'LayerNormFusion', 'DivMulFusion'];

const leaveOut = (names: readonly string[]) => ({ 'optimization.disable_specified_optimizers': names.join(';') });

/** The same options for a graph that the runtime cannot load as it optimises it: ever less of that. */
export function lessOptimised(options: OrtSessionOptions): readonly OrtSessionOptions[] {
  if (options.graphOptimizationLevel !== 'all') return [];
  return [
    { ...options, extra: { ...options.extra, ...leaveOut(faultyFusions) } },
    { ...options, graphOptimizationLevel: 'basic' },
    { ...options, graphOptimizationLevel: 'disabled' },
  ];
}

/** Options that make creating a session also save it: every weight of 1 KiB and more goes prepacked into `<path>.data`. */
export function savingOptions(spec: SessionSpec, path: string): OrtSessionOptions {
  const options = sessionOptions(spec);
  return {
    ...options,
    optimizedModelFilePath: path,
    extra: {
      ...options.extra,
      'session.optimized_model_external_initializers_file_name': `${path.slice(path.lastIndexOf('/') + 1)}.data`,
      'session.optimized_model_external_initializers_min_size_in_bytes': '1024',
      'session.save_external_prepacked_constant_initializers': '1',
    },
  };
}
