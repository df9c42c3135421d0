import { explainNoCdi, findStale, refuseStale } from '../decide/gpu/gpu-path.js';
import { defaultCdiFolders } from '../facts/cdi.js';
import type { EngineInfo } from '../docker/types.js';
import type { CheckResult, Examination } from './check-types.js';
import { compareVersions } from '../decide/gpu/versions.js';
import type { Facts } from '../facts/facts.js';
import { diagnose } from '../failures/table.js';

type Verdict = Omit<CheckResult, 'name'>;
type Check = (examination: Examination) => Verdict;

const configureDocker = 'sudo nvidia-ctk runtime configure --runtime=docker && sudo systemctl restart docker';
const writeSpec = 'sudo nvidia-ctk cdi generate --output=/etc/cdi/nvidia.yaml';

const isPodman = ({ facts: { engine } }: Examination): boolean =>
  engine.state === 'known' && engine.value.info.kind === 'podman';

/** Missing parts of a GPU set-up fail where a GPU is wanted or there, unless a start with one worked; without one they are skipped. */
function missing({ signal, wantsGpu, trial }: Examination, verdict: Omit<Verdict, 'status'>): Verdict {
  if (trial.kind === 'worked')
    return { status: 'ok', evidence: `${verdict.evidence}, and not needed: a start by ${trial.way} worked` };
  if (wantsGpu) return { status: 'fail', ...verdict };
  if (signal.kind === 'present') return { status: 'warn', ...verdict };
  return { status: 'skip', evidence: `${verdict.evidence}; no NVIDIA GPU to use it for` };
}

/** Whether an NVIDIA driver works on the engine's host, and for which CUDA. */
export const checkDriver: Check = (examination) => {
  const { signal, wantsGpu, facts } = examination;
  if (signal.kind === 'present') {
    const { nvidiaDriver } = facts.host;
    const maxCuda =
      nvidiaDriver.state === 'known' && nvidiaDriver.value.kind === 'working' ? nvidiaDriver.value.maxCuda : undefined;
    const evidence = `${signal.evidence}${maxCuda === undefined ? '' : `, CUDA up to ${maxCuda}`}`;
    const hindered = signal.gpus.find(({ hindrances = [] }) => hindrances.length > 0);
    const [hindrance] = hindered?.hindrances ?? [];
    if (hindered === undefined || hindrance === undefined) return { status: 'ok', evidence };
    return { status: 'warn', evidence, cause: `GPU ${hindered.index}: ${hindrance.cause}`, fix: hindrance.fix };
  }
  if (signal.kind === 'unknown') return { status: 'skip', evidence: `could not ask: ${signal.reason}` };
  const hasHardware =
    facts.host.pciGpus.state === 'known' && facts.host.pciGpus.value.some(({ vendor }) => vendor === 'nvidia');
  const isBroken = facts.host.nvidiaDriver.state === 'known' && facts.host.nvidiaDriver.value.kind === 'broken';
  const status = wantsGpu ? 'fail' : hasHardware || isBroken ? 'warn' : 'skip';
  if (status === 'skip') return { status, evidence: signal.cause };
  return { status, evidence: signal.cause, cause: 'without a driver no container gets the GPU', fix: signal.fix };
};

/** Whether NVIDIA's container toolkit is installed. */
export const checkToolkit: Check = (examination) => {
  const { toolkit } = examination.facts.host;
  if (toolkit.state === 'unknown') return { status: 'skip', evidence: `could not ask: ${toolkit.reason}` };
  if (toolkit.value.length > 0) return { status: 'ok', evidence: toolkit.evidence };
  return missing(examination, {
    evidence: toolkit.evidence,
    cause: 'the toolkit puts the driver into containers',
    fix: `sudo apt-get install -y nvidia-container-toolkit && ${isPodman(examination) ? writeSpec : configureDocker}`,
  });
};

/** Whether the engine has the runtime nvidia. CDI alone is as good. */
export const checkRuntime: Check = (examination) => {
  const { engine } = examination.facts;
  if (engine.state === 'unknown') return { status: 'skip', evidence: 'no engine answers' };
  const { runtimes } = engine.value.info;
  if (isPodman(examination)) return { status: 'skip', evidence: 'Podman gives GPUs by CDI alone' };
  if (runtimes.includes('nvidia')) return { status: 'ok', evidence: `the engine has it (${runtimes.join(', ')})` };
  if (offeredByCdi(examination).length > 0) return { status: 'ok', evidence: 'not there, and not needed: CDI is' };
  return missing(examination, {
    evidence: `the engine has ${runtimes.join(', ')}`,
    cause: "this engine's daemon.json has no runtime nvidia",
    fix: configureDocker,
  });
};

/** Whether the engine offers GPUs by CDI. The runtime alone is as good. */
export const checkCdi: Check = (examination) => {
  const { engine, host } = examination.facts;
  if (engine.state === 'unknown') return { status: 'skip', evidence: 'no engine answers' };
  const offered = offeredByCdi(examination);
  const outdated = offered.map((name) => findStale(host.cdiDevices).get(name)).find((device) => device !== undefined);
  if (outdated !== undefined) return missing(examination, { evidence: offered.join(', '), ...refuseStale(outdated) });
  if (offered.length > 0) return { status: 'ok', evidence: offered.join(', ') };
  const { info } = engine.value;
  const unsupported = explainNoCdi(info);
  if (unsupported !== undefined)
    return missing(examination, { evidence: `Podman ${info.version}`, cause: unsupported.cause, fix: unsupported.fix });
  const folders = cdiFoldersOf(info);
  const isOff = folders.length === 0;
  const evidence = isOff ? `off in engine ${info.version}` : `no nvidia.com/gpu device in ${folders.join(', ')}`;
  const hasSpecs = host.cdiDevices.state === 'known' && host.cdiDevices.value.length > 0;
  if (info.runtimes.includes('nvidia') && !isPodman(examination))
    return { status: 'ok', evidence: `${evidence}, and not needed: the runtime nvidia is there` };
  const fix = isOff
    ? 'add "features":{"cdi":true} to /etc/docker/daemon.json and restart docker, or use engine 28.2 or newer'
    : 'sudo nvidia-ctk cdi generate --output=/var/run/cdi/nvidia.yaml';
  return missing(examination, {
    evidence: hasSpecs ? `${evidence}, though specs are there` : evidence,
    cause: 'no GPU has a CDI name here',
    fix,
  });
};

/** Podman reads the usual ones, and does not say so. */
function cdiFoldersOf(info: EngineInfo): readonly string[] {
  if (info.kind !== 'podman') return info.cdiSpecDirs ?? [];
  return explainNoCdi(info) === undefined ? defaultCdiFolders : [];
}

function offeredByCdi({ facts: { engine, host } }: Examination): readonly string[] {
  if (engine.state === 'unknown') return [];
  const { info } = engine.value;
  const isOn = cdiFoldersOf(info).length > 0;
  const files = isOn && host.cdiDevices.state === 'known' ? host.cdiDevices.value.map(({ name }) => name) : [];
  return (info.cdiDevices ?? files).filter((name) => name.startsWith('nvidia.com/gpu='));
}

/** Device rules that a hook writes behind systemd's back are gone when it loads its units again; a runtime of 1.18 and later uses CDI itself. */
function isLostAtReload(way: string, { engine, host: { toolkit } }: Facts): boolean {
  if (engine.state === 'unknown' || engine.value.info.cgroupDriver !== 'systemd' || way === 'cdi') return false;
  if (way === 'gpus') return true;
  const versions = toolkit.state === 'known' ? toolkit.value.flatMap((name) => / (\d\S*)/.exec(name)?.[1] ?? []) : [];
  return versions.some((version) => compareVersions(version, '1.18') < 0);
}

/** Whether a container really starts with the GPU and sees it. */
export const checkTrial: Check = (examination) => {
  const { trial } = examination;
  if (trial.kind === 'not-tried') return { status: 'skip', evidence: trial.reason };
  if (trial.kind === 'worked') {
    const evidence = `by ${trial.way}: ${trial.output}`;
    if (!isLostAtReload(trial.way, examination.facts)) return { status: 'ok', evidence };
    return {
      status: 'warn',
      evidence,
      cause:
        'a systemctl daemon-reload takes the GPU from running containers, for systemd does not know of it (cgroup driver systemd)',
      fix: 'sudo nvidia-ctk cdi generate --output=/etc/cdi/nvidia.yaml, after which launch takes CDI; or "exec-opts":["native.cgroupdriver=cgroupfs"] in daemon.json',
    };
  }
  const known = diagnose(trial.text);
  const evidence = `by ${trial.way}: ${trial.text}`;
  if (known === undefined)
    return {
      status: 'fail',
      evidence,
      cause: 'the engine or its runtime refused',
      fix: 'see the error; compare launch up --explain',
    };
  return { status: 'fail', evidence, cause: known.cause, fix: known.fix };
};
