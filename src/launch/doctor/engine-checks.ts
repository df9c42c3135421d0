import { explainNoCudaImage, ownTags } from '../editions.js';
import { findImage } from '../decide/image-choice.js';
import { compareVersions } from '../decide/gpu/versions.js';
import type { CheckResult, Examination } from './check-types.js';
import { diagnose } from '../failures/table.js';
import { isPodmans, startOwnPodman } from '../docker/address/endpoint.js';

type Check = (examination: Examination) => Omit<CheckResult, 'name'>;

const skipWithoutEngine = { status: 'skip', evidence: 'no engine answers' } as const;

/** Node.js runs us; the docker client is needed to build. */
export const checkClient: Check = ({ nodeVersion, dockerClient }) => {
  if (compareVersions(nodeVersion, '20.9') < 0) {
    return {
      status: 'fail',
      evidence: `Node.js ${nodeVersion}`,
      cause: 'too old',
      fix: 'install Node.js 20.9 or newer',
    };
  }
  if (dockerClient.state === 'known' && dockerClient.value !== '') {
    return { status: 'ok', evidence: `Node.js ${nodeVersion}, ${dockerClient.value}` };
  }
  const reason = dockerClient.state === 'known' ? dockerClient.evidence : dockerClient.reason;
  return {
    status: 'warn',
    evidence: `Node.js ${nodeVersion}, ${reason}`,
    cause: 'images can be run, but not built without the docker client',
    fix: 'sudo apt-get install -y docker-ce-cli docker-buildx-plugin',
  };
};

/** Whether the engine's address leads to something. */
export const checkSocket: Check = ({ endpoint, socket }) => {
  const evidence = `${endpoint.url} (from ${endpoint.source})`;
  if (socket.state === 'unknown') return { status: 'skip', evidence: `${evidence}: ${socket.reason}` };
  if (socket.value !== 'missing') return { status: 'ok', evidence };
  return {
    status: 'fail',
    evidence: `${evidence}: there is no such socket`,
    cause: 'no engine runs here, or another context is needed',
    fix: isPodmans(endpoint) ? startOwnPodman : 'sudo systemctl start docker, or choose one of: docker context ls',
  };
};

/** Whether this user may use the socket. */
export const checkPermission: Check = ({ socket, endpoint }) => {
  if (socket.state === 'unknown' || socket.value === 'missing') return { status: 'skip', evidence: 'no socket to ask' };
  if (socket.value === 'usable') return { status: 'ok', evidence: 'this user may use it' };
  return {
    status: 'fail',
    evidence: 'the socket exists, but this user may not write to it',
    ...(isPodmans(endpoint)
      ? { cause: "it is root's", fix: startOwnPodman }
      : {
          cause: 'the user is not in the group of the socket',
          fix: 'sudo usermod -aG docker $USER, then log in again',
        }),
  };
};

/** Whether an engine answers, and which. */
export const checkEngine: Check = ({ facts: { engine } }) => {
  if (engine.state === 'unknown') {
    const known = diagnose(engine.reason);
    const fix = known?.fix ?? 'sudo systemctl start docker; without an engine: launch --variant native';
    return { status: 'fail', evidence: engine.reason, cause: known?.cause ?? 'no engine answers', fix };
  }
  const { info } = engine.value;
  const kinds = [info.kind, info.rootless ? 'rootless' : '', info.osType].filter((text) => text !== '').join(', ');
  const evidence = `${info.version} (${kinds}; ${info.operatingSystem}, ${info.cpus} CPUs, cgroups v${info.cgroupVersion})`;
  if (info.osType === 'linux' || info.osType === '') return { status: 'ok', evidence };
  return {
    status: 'fail',
    evidence,
    cause: `it runs ${info.osType} containers`,
    fix: 'switch Docker Desktop to Linux containers',
  };
};

/** Whether the engine's API is new enough for what the launcher asks. */
export const checkApi: Check = ({ facts: { engine } }) => {
  if (engine.state === 'unknown') return skipWithoutEngine;
  const { apiVersion, minApiVersion, kind } = engine.value.info;
  const evidence = `${apiVersion} (accepts ${minApiVersion} and newer)`;
  // What it can do goes by its own version, which the check of CDI looks at.
  if (kind === 'podman') return { status: 'ok', evidence };
  if (compareVersions(apiVersion, '1.41') < 0) {
    return { status: 'fail', evidence, cause: 'older than 1.41', fix: 'upgrade to engine 20.10 or newer' };
  }
  if (compareVersions(apiVersion, '1.44') >= 0) return { status: 'ok', evidence };
  return {
    status: 'warn',
    evidence,
    cause: 'the engine does not support CDI',
    fix: 'for GPUs upgrade to engine 28.2 or newer',
  };
};

/** Which of our images are there, and whether those with CUDA can be. */
export const checkImage: Check = (examination) => {
  const { facts, wantsGpu, signal } = examination;
  const found = findOwnImages(examination);
  const reason = facts.engine.state === 'known' ? explainNoCudaImage(facts.engine.value.info.architecture) : undefined;
  if (reason === undefined || (!wantsGpu && signal.kind !== 'present')) return found;
  return {
    status: wantsGpu ? 'fail' : 'warn',
    evidence: found.evidence,
    cause: reason,
    fix: 'use --variant cpu, or name an image of your own with --image',
  };
};

const findOwnImages: Check = ({ facts: { engine, buildable } }) => {
  if (engine.state === 'unknown') return skipWithoutEngine;
  const { value } = engine;
  if (value.images.state === 'unknown') return { status: 'skip', evidence: `could not ask: ${value.images.reason}` };
  const present = ownTags.filter((ref) => findImage(value, ref) !== undefined);
  if (present.length > 0) return { status: 'ok', evidence: present.join(', ') };
  const evidence = `none of ours among ${value.images.value.length}`;
  if (buildable.length > 0) return { status: 'ok', evidence: `${evidence}; the first start builds it` };
  return { status: 'warn', evidence, cause: 'there is no Dockerfile to build one from', fix: 'name one with --image' };
};

/** Whether the usual port is free. */
export const checkPort: Check = ({ port }) => {
  if (port.state === 'unknown') return { status: 'skip', evidence: port.reason };
  const { holder } = port.value;
  if (holder === undefined) return { status: 'ok', evidence: `127.0.0.1:${port.value.port} is free` };
  if (holder !== '') return { status: 'ok', evidence: `127.0.0.1:${port.value.port} serves ${holder}` };
  return {
    status: 'warn',
    evidence: `127.0.0.1:${port.value.port} is taken`,
    cause: 'another program listens there',
    fix: `-p ${port.value.port + 1}:8000`,
  };
};

/** Whether the engine's disk has room for images. */
export const checkDisk: Check = ({ freeBytes }) => {
  if (freeBytes.state === 'unknown') return { status: 'skip', evidence: freeBytes.reason };
  const evidence = `${(freeBytes.value / 1e9).toFixed(1)} GB free at ${freeBytes.evidence}`;
  if (freeBytes.value >= 8e9) return { status: 'ok', evidence };
  const status = freeBytes.value < 1e9 ? 'fail' : 'warn';
  return {
    status,
    evidence,
    cause: 'a cpu image takes 0.3 GB, a gpu image 3 GB',
    fix: 'launch prune, then docker system df',
  };
};
