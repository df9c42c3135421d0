import { architecturesOf, editions, explainNoCudaImage } from '../editions.js';
import type { EngineInfo } from '../docker/types.js';
import type { EngineFacts, Facts } from '../facts/facts.js';
import { chooseGpuPath, explainNoCdi } from './gpu/gpu-path.js';
import { readNvidiaSignal, type NvidiaSignal } from './gpu/nvidia-signal.js';
import { chooseEdition, chooseImage } from './image-choice.js';
import type { Option } from './plan-types.js';
import { isRefusal, refuse, type Refusal } from './refusal.js';
import { compareVersions } from './gpu/versions.js';
import { insistsOnGpu, type Variant, type LaunchRequest } from '../request/request.js';

/** Weighs one variant: a plan with what speaks for it, or the reason why it cannot be. Pure. */
export function weigh(variant: Variant, request: LaunchRequest, facts: Facts): Option {
  if (variant === 'native') return weighNative(request, facts);
  const refusal = checkEngine(variant, request, facts);
  if (refusal !== undefined) return { variant, isPossible: false, refusal };
  return variant === 'cpu' ? weighCpu(request, facts) : weighGpu(variant, request, facts);
}

function checkEngine(variant: Variant, request: LaunchRequest, facts: Facts): Refusal | undefined {
  const { engine } = facts;
  if (engine.state === 'unknown') {
    const fix = 'start the engine, or run without one: --variant native';
    return { code: 'DOCKER_UNREACHABLE', cause: engine.reason, brief: 'no container engine answers', fix };
  }
  const { info } = engine.value;
  if (info.kind !== 'podman' && info.apiVersion !== '' && compareVersions(info.apiVersion, '1.41') < 0) {
    return refuse(
      `engine ${info.version} (API ${info.apiVersion}) is older than 20.10 (API 1.41), and leaves out unsaid what it does not know: mounts, GPUs, limits`,
      'update the engine to 20.10 or newer, or use --variant native',
    );
  }
  if (info.osType !== 'linux' && info.osType !== '') {
    return refuse(
      `the engine runs ${info.osType} containers`,
      'switch Docker Desktop to Linux containers',
      'DOCKER_REFUSED',
    );
  }
  const leftOut = info.kind === 'podman' ? leftOutByPodman(info, request) : undefined;
  if (leftOut !== undefined) return leftOut;
  if (variant === 'cpu' || request.image !== undefined) return undefined;
  const [architecture = ''] = architecturesOf(request.container.platform ?? info.architecture);
  const reason = explainNoCudaImage(architecture);
  if (reason === undefined) return undefined;
  return refuse(
    `this is ${architecture}, and ${reason}`,
    'use --variant cpu, or name an image of your own with --image',
  );
}

/** What its API takes without a word, and the container then lacks. */
function leftOutByPodman(info: EngineInfo, { container }: LaunchRequest): Refusal | undefined {
  const part = container.mounts.find((mount) => mount.type === 'volume' && mount.subpath !== undefined);
  if (part !== undefined) {
    return refuse(
      `Podman's API mounts the whole volume at ${part.target}, not the folder that volume-subpath names`,
      'mount the whole volume, or that folder by its path: podman volume inspect shows where it lies',
      'USAGE',
    );
  }
  return container.devices.some(({ kind }) => kind === 'cdi') ? explainNoCdi(info) : undefined;
}

function weighCpu(request: LaunchRequest, facts: Facts): Option {
  const variant = 'cpu';
  if (facts.engine.state === 'unknown') throw new Error('an unreachable engine was weighed');
  const image = chooseImage(request, facts, { engine: facts.engine.value, variant });
  if (isRefusal(image)) return { variant, isPossible: false, refusal: image };
  const plan = { kind: 'container', variant, image, requiresGpu: false } as const;
  return { variant, isPossible: true, plan, because: `engine ${facts.engine.value.info.version} answers`, notes: [] };
}

function weighGpu(variant: 'gpu' | 'cuda', request: LaunchRequest, facts: Facts): Option {
  if (facts.engine.state === 'unknown') throw new Error('an unreachable engine was weighed');
  const signal = readNvidiaSignal(facts.host);
  const missing = request.gpuMode === 'auto' ? checkSignal(signal, request, facts) : undefined;
  if (missing !== undefined) return { variant, isPossible: false, refusal: missing };
  const choice = chooseGpuPath(request, facts, signal);
  if (isRefusal(choice)) return { variant, isPossible: false, refusal: choice };
  const engine = facts.engine.value;
  const fit = chooseEdition(request, engine, { variant, signal });
  if (isRefusal(fit))
    return { variant, isPossible: false, refusal: orFromSource(fit, { variant, request, signal, engine }) };
  const { edition, newerFails } = fit;
  const image = chooseImage(request, facts, { engine, variant, ...(edition === undefined ? {} : { edition }) });
  if (isRefusal(image)) return { variant, isPossible: false, refusal: image };
  const gpu = signal.kind === 'present' ? signal.evidence : 'a GPU that only the engine can see';
  return {
    variant,
    isPossible: true,
    plan: { kind: 'container', variant, image, gpu: choice.path, requiresGpu: insistsOnGpu(request) },
    because: `${gpu}; by ${choice.path.kind}, as ${choice.evidence}${newerFails === undefined ? '' : `; CUDA ${edition?.requirements.cudaVersion ?? ''}, as ${newerFails}`}`,
    notes: [...noteHindrances(signal), ...fit.notes, ...choice.passedOver.map((reason) => `skipped ${reason}`)],
  };
}

function noteHindrances(signal: NvidiaSignal): readonly string[] {
  const gpus = signal.kind === 'present' ? signal.gpus : [];
  return gpus.flatMap(({ index, hindrances = [] }) =>
    hindrances.map(({ cause, fix }) => `GPU ${index}: ${cause}; fix: ${fix}`),
  );
}

interface Unfit {
  readonly variant: 'gpu' | 'cuda';
  readonly request: LaunchRequest;
  readonly signal: NvidiaSignal;
  readonly engine: EngineFacts;
}

/** Names the image from source where no prebuilt one fits and it does, or would do once it is compiled for the GPU. */
function orFromSource(refusal: Refusal, { variant, request, signal, engine }: Unfit): Refusal {
  if (variant !== 'gpu' || request.image !== undefined) return refusal;
  if (isRefusal(chooseEdition(request, engine, { variant: 'cuda', signal })) && !canCompileFor(signal)) return refusal;
  return { ...refusal, another: '--variant cuda compiles one that does' };
}

/** Whether the toolkit of the image from source compiles for every GPU here and the driver runs it. */
function canCompileFor(signal: NvidiaSignal): boolean {
  if (signal.kind !== 'present' || signal.driverVersion === undefined) return false;
  const [from] = editions.cuda;
  if (
    from?.requirements.minDriver === undefined ||
    compareVersions(signal.driverVersion, from.requirements.minDriver) < 0
  )
    return false;
  return signal.gpus.every(({ computeCapability = '' }) => compareVersions(computeCapability, '5.0') >= 0);
}

/** Without a host that can be asked, auto wants the engine's own word for a GPU; an explicit request lets the start tell. */
function checkSignal(signal: NvidiaSignal, request: LaunchRequest, facts: Facts): Refusal | undefined {
  if (signal.kind === 'present') return undefined;
  if (signal.kind === 'absent') return refuse(signal.cause, signal.fix);
  const info = facts.engine.state === 'known' ? facts.engine.value.info : undefined;
  const offers =
    info?.runtimes.includes('nvidia') === true ||
    info?.cdiDevices?.some((name) => name.startsWith('nvidia.com/')) === true;
  if (offers || insistsOnGpu(request)) return undefined;
  return refuse(
    `the engine lists no runtime nvidia and no nvidia.com/gpu device (${signal.reason})`,
    'if it has a GPU anyway, say so: --variant gpu',
  );
}

function weighNative(request: LaunchRequest, facts: Facts): Option {
  const variant = 'native';
  const problem = needsContainer(request);
  if (problem !== undefined) return { variant, isPossible: false, refusal: problem };
  const requiresGpu = insistsOnGpu(request);
  const signal = readNvidiaSignal(facts.host);
  if (requiresGpu && signal.kind === 'absent')
    return { variant, isPossible: false, refusal: refuse(signal.cause, signal.fix) };
  const notes = ignoredNatively(request);
  return {
    variant,
    isPossible: true,
    plan: { kind: 'native', variant, requiresGpu },
    because: 'this Node.js runs the server itself',
    notes: notes.length === 0 ? [] : [`without a container these have no effect: ${notes.join(', ')}`],
  };
}

function needsContainer(request: LaunchRequest): Refusal | undefined {
  if (request.image !== undefined) return refuse(`--image ${request.image} is a container's`, 'omit --image', 'USAGE');
  if (request.mode === 'shell') return refuse('-it opens a shell in a container', 'omit -it', 'USAGE');
  if (request.engineIsNamed)
    return refuse('an engine was named with --context or -H', 'omit it to run natively', 'USAGE');
  return refuseMounts(request);
}

/** A native server sees this machine's own folders: /srv and /srv/models can be given to it, and what has one path on both sides. */
function refuseMounts({ container }: LaunchRequest): Refusal | undefined {
  for (const mount of container.mounts) {
    const { type, target } = mount;
    if (type === 'tmpfs') continue;
    const isGiven = type === 'bind' && (target === '/srv' || target === '/srv/models' || target === mount.source);
    if (isGiven) continue;
    const what = type === 'volume' ? `the volume ${mount.source ?? ''} at ${target}` : `${mount.source} at ${target}`;
    return refuse(
      `${what.replace('  ', ' ')} cannot be given to a server without a container`,
      'mount a folder at /srv or /srv/models, or start an engine',
      'USAGE',
    );
  }
  return undefined;
}

function ignoredNatively({ container }: LaunchRequest): readonly string[] {
  const given = (flag: string, isGiven: boolean): readonly string[] => (isGiven ? [flag] : []);
  return [
    ...given('--device', container.devices.length > 0),
    ...given('--network', container.network !== undefined),
    ...given('--memory', container.memoryBytes !== undefined),
    ...given('--cpus', container.nanoCpus !== undefined),
    ...given('--user', container.user !== undefined),
    ...given('--read-only', container.readOnly),
    ...given('--pids-limit', container.pidsLimit !== undefined),
    ...given('--shm-size', container.shmBytes !== undefined),
  ];
}
