import { type GpuSelection, allGpus, type GpuRequest } from '../../request/flags/gpus.js';
import type { CdiDevice, NvidiaGpu, EngineFacts, Fact, Facts } from '../../facts/facts.js';
import { refuse, type Refusal, isRefusal } from '../refusal.js';
import type { NvidiaSignal } from './nvidia-signal.js';
import { compareVersions } from './versions.js';
import type { EngineInfo } from '../../docker/types.js';
import { nvidiaCdiDevices, type GpuMode, type LaunchRequest } from '../../request/request.js';

/** `all`, `0,2` or UUIDs: the value of NVIDIA_VISIBLE_DEVICES. */
function visibleDevices(selection: GpuSelection): string {
  if (selection.kind === 'all') return 'all';
  if (selection.kind === 'count') return Array.from({ length: selection.count }, (_, index) => String(index)).join(',');
  return selection.ids.join(',');
}

/** Refuses a selection that names a GPU which nvidia-smi does not list; an empty list checks nothing. */
function checkSelection(selection: GpuSelection, gpus: readonly NvidiaGpu[]): Refusal | undefined {
  if (gpus.length === 0 || selection.kind === 'all') return undefined;
  const available = gpus.map(({ index, uuid }) => `${index} (${uuid})`).join(', ');
  if (selection.kind === 'count') {
    if (selection.count <= gpus.length) return undefined;
    return refuse(
      `${selection.count} GPUs were requested, but the host has ${gpus.length}`,
      `--gpus all, or choose from ${available}`,
    );
  }
  const isKnown = (id: string): boolean => gpus.some((gpu) => matches(gpu, id));
  const missing = selection.ids.find((id) => !isKnown(id));
  if (missing === undefined) return undefined;
  return refuse(`there is no GPU ${missing}`, `choose from ${available} (nvidia-smi -L lists MIG devices too)`);
}

function matches({ index, uuid, migDevices }: NvidiaGpu, id: string): boolean {
  const [gpu, instance] = id.split(':');
  if (gpu === String(index)) return instance === undefined || Number(instance) < Math.max(migDevices.length, 1);
  return uuid.startsWith(id) || migDevices.some((mig) => mig.uuid === id);
}

/** CDI names of a selection, chosen from those that are offered; an empty offer is not checked. */
function cdiNames(
  selection: GpuSelection,
  offered: readonly string[],
  gpus: readonly NvidiaGpu[],
): readonly string[] | Refusal {
  const prefix = 'nvidia.com/gpu=';
  const has = (name: string): boolean => offered.length === 0 || offered.includes(name);
  if (selection.kind === 'all') {
    return has(`${prefix}all`) ? [`${prefix}all`] : offered.filter((name) => name.startsWith(prefix));
  }
  const names = visibleDevices(selection)
    .split(',')
    .map((id) => {
      const index = gpus.find(({ uuid }) => uuid === id)?.index;
      return has(prefix + id) || index === undefined ? prefix + id : `${prefix}${index}`;
    });
  const missing = names.find((name) => !has(name));
  if (missing === undefined) return names;
  return refuse(`the engine offers no CDI device ${missing}`, `choose from ${offered.join(', ')}`);
}

/** How the GPU reaches the container. */
export type GpuPath =
  | { readonly kind: 'cdi'; readonly devices: readonly string[]; readonly needsLabelDisable: boolean }
  | { readonly kind: 'runtime'; readonly visibleDevices: string; readonly capabilities: readonly string[] }
  | { readonly kind: 'gpus'; readonly request: GpuRequest };

/** A way with what speaks for it, and the ways skipped. */
export interface GpuPathChoice {
  readonly path: GpuPath;
  readonly evidence: string;
  readonly passedOver: readonly string[];
}

type Way = Exclude<GpuMode, 'auto' | 'none'>;

interface Situation {
  readonly request: LaunchRequest;
  readonly engine: EngineFacts;
  /** CDI names that are offered; undefined where neither the engine nor the host's files tell. */
  readonly offered?: readonly string[];
  readonly gpus: readonly NvidiaGpu[];
  /** Devices of spec files whose host has changed since, by name. */
  readonly stale: ReadonlyMap<string, CdiDevice>;
  readonly isJetson: boolean;
  readonly isPodman: boolean;
}

const installToolkit =
  'sudo apt-get install -y nvidia-container-toolkit && sudo nvidia-ctk runtime configure --runtime=docker && sudo systemctl restart docker';

/** Chooses the way: the one asked for, else CDI, the nvidia runtime, a device request, in this order of trust. */
export function chooseGpuPath(request: LaunchRequest, facts: Facts, signal: NvidiaSignal): GpuPathChoice | Refusal {
  if (facts.engine.state === 'unknown') return refuse(facts.engine.reason, 'launch doctor', 'DOCKER_UNREACHABLE');
  const situation = toSituation({ request, facts, signal, engine: facts.engine.value });
  if (request.gpuMode === 'none') return refuse('--gpu-mode none keeps every GPU out', 'omit --gpu-mode', 'USAGE');
  const named = nvidiaCdiDevices(request).length > 0;
  if (request.gpuMode !== 'auto') return take(situation, request.gpuMode);
  const ways: readonly Way[] = named || situation.isPodman ? ['cdi'] : ['cdi', 'runtime', 'gpus'];
  const passedOver: string[] = [];
  let outdated: Refusal | undefined;
  let last: Refusal = refuse('the engine has no way to pass a GPU to a container', installToolkit);
  for (const way of ways) {
    // A blind try would fail for another reason than the one that is known.
    if (way === 'gpus' && outdated !== undefined) return outdated;
    const taken = take(situation, way);
    if (!isRefusal(taken)) return { ...taken, passedOver };
    passedOver.push(`${way}: ${taken.cause}`);
    last = taken;
    if (way === 'cdi' && situation.stale.size > 0) outdated = taken;
    // A wrong GPU name is wrong by every way.
    if (taken.code === 'USAGE') return taken;
  }
  return last;
}

interface Sources {
  readonly request: LaunchRequest;
  readonly facts: Facts;
  readonly signal: NvidiaSignal;
  readonly engine: EngineFacts;
}

function toSituation({ request, facts, signal, engine }: Sources): Situation {
  const { info } = engine;
  const isPodman = info.kind === 'podman';
  const isOn = isPodman || (info.cdiSpecDirs ?? []).length > 0;
  const { cdiDevices } = facts.host;
  const fromFiles = isOn && cdiDevices.state === 'known' ? cdiDevices.value.map(({ name }) => name) : undefined;
  // From API 1.50 on an engine lists its devices, and leaves the list out where there are none.
  const isTold = compareVersions(info.apiVersion, '1.50') >= 0 && !isPodman;
  const listed = info.cdiDevices ?? (isOn && !isTold ? fromFiles : []);
  const offered = listed?.filter((name) => name.startsWith('nvidia.com/gpu='));
  const { gpus, isJetson } = signal.kind === 'present' ? signal : { gpus: [], isJetson: false };
  const stale = info.kind === 'desktop' ? new Map<string, CdiDevice>() : findStale(cdiDevices);
  return { request, engine, gpus, stale, isJetson, isPodman, ...(offered === undefined ? {} : { offered }) };
}

/** Those in force: of two specs the engine takes the one in the last folder. */
export function findStale(devices: Fact<readonly CdiDevice[]>): ReadonlyMap<string, CdiDevice> {
  const inForce = new Map(devices.state === 'known' ? devices.value.map((device) => [device.name, device]) : []);
  return new Map([...inForce].filter(([, { stale }]) => stale !== undefined));
}

function take(situation: Situation, way: Way): GpuPathChoice | Refusal {
  if (way === 'cdi') return takeCdi(situation);
  const request = situation.request.gpus ?? allGpus;
  const wrong = checkSelection(request.selection, situation.gpus);
  if (wrong !== undefined) return { ...wrong, code: 'USAGE' };
  return way === 'runtime' ? takeRuntime(situation, request) : takeDeviceRequest(situation, request);
}

/** Why a Podman starts containers without the CDI devices that they ask for; undefined of one that does not, and of other engines. */
export function explainNoCdi({ kind, version }: EngineInfo): Refusal | undefined {
  if (kind !== 'podman' || compareVersions(version, '5.4') >= 0) return undefined;
  return refuse(
    `Podman ${version} leaves out unsaid the devices that a container asks for through its API`,
    'update Podman to 5.4 or newer, or start without a container: --variant native',
  );
}

function takeCdi({ request, engine, offered, gpus, stale, isJetson, isPodman }: Situation): GpuPathChoice | Refusal {
  const named = nvidiaCdiDevices(request);
  const unsupported = explainNoCdi(engine.info);
  if (unsupported !== undefined) return unsupported;
  if (isJetson && named.length === 0 && request.gpuMode !== 'cdi')
    return refuse('a Jetson needs the nvidia runtime', installToolkit);
  if (offered?.length === 0 && !isPodman) {
    const isOff = (engine.info.cdiSpecDirs ?? []).length === 0;
    return isOff
      ? refuse(
          `CDI is off in engine ${engine.info.version}`,
          'add "features":{"cdi":true} to /etc/docker/daemon.json and restart docker, or use engine 28.2 or newer',
        )
      : refuse(
          'the engine lists no nvidia.com/gpu device',
          'sudo nvidia-ctk cdi generate --output=/var/run/cdi/nvidia.yaml',
        );
  }
  if (offered === undefined && request.gpuMode === 'auto' && named.length === 0 && !isPodman) {
    return refuse(`engine ${engine.info.version} does not say which CDI devices it has`, 'choose with --gpu-mode cdi');
  }
  const known = offered ?? [];
  const missing = known.length === 0 ? undefined : named.find((name) => !known.includes(name));
  if (missing !== undefined)
    return refuse(`the engine offers no CDI device ${missing}`, `choose from ${known.join(', ')}`, 'USAGE');
  const devices = named.length > 0 ? named : cdiNames((request.gpus ?? allGpus).selection, known, gpus);
  if (isRefusal(devices)) return { ...devices, code: 'USAGE' };
  const outdated = devices.map((name) => stale.get(name)).find((device) => device !== undefined);
  if (outdated !== undefined) return refuseStale(outdated);
  const evidence =
    known.length === 0 ? "requested; the engine's devices are unknown" : `the engine offers ${known.join(', ')}`;
  return { path: { kind: 'cdi', devices, needsLabelDisable: isPodman }, evidence, passedOver: [] };
}

/** What to do about a spec whose host has changed since. */
export function refuseStale({ name, file, stale = '' }: CdiDevice): Refusal {
  return refuse(
    `${file}, which describes ${name}, was written for another driver or before a reboot: ${stale}`,
    `sudo nvidia-ctk cdi generate --output=${file} (or: sudo systemctl restart nvidia-cdi-refresh)`,
  );
}

/** Measured with Podman 4.3 and 5.4: the container starts, without a GPU. */
const onlyCdi = refuse(
  'Podman gives GPUs by CDI alone, and ignores every other way that its API is asked for',
  'omit --gpu-mode; where no device is listed: sudo nvidia-ctk cdi generate --output=/etc/cdi/nvidia.yaml',
);

function takeRuntime(
  { engine, isPodman }: Situation,
  { selection, capabilities }: GpuRequest,
): GpuPathChoice | Refusal {
  if (isPodman) return onlyCdi;
  if (!engine.info.runtimes.includes('nvidia')) {
    return refuse(`the engine has no runtime nvidia (it has ${engine.info.runtimes.join(', ')})`, installToolkit);
  }
  const path: GpuPath = {
    kind: 'runtime',
    visibleDevices: visibleDevices(selection),
    capabilities: [...new Set(['compute', 'utility', ...capabilities])],
  };
  return { path, evidence: 'the engine has the runtime nvidia', passedOver: [] };
}

function takeDeviceRequest({ engine, isPodman }: Situation, request: GpuRequest): GpuPathChoice | Refusal {
  if (isPodman) return onlyCdi;
  return {
    path: { kind: 'gpus', request },
    evidence: `engine ${engine.info.version} does not tell whether it knows --gpus; the start will`,
    passedOver: [],
  };
}
