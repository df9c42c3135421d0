import { setTimeout as sleep } from 'node:timers/promises';
import type { DockerGateway } from '../docker/gateway.js';
import { ownTags } from '../editions.js';
import { removeContainer } from '../container/existing.js';
import type { EngineFacts, Facts } from '../facts/facts.js';
import { chooseGpuPath, type GpuPath } from '../decide/gpu/gpu-path.js';
import { containerLabels } from '../labels.js';
import { explainEngineError } from '../failures/explain.js';
import { readTail } from '../text/log-tail.js';
import type { NvidiaSignal } from '../decide/gpu/nvidia-signal.js';
import { findImage } from '../decide/image-choice.js';
import { isRefusal } from '../decide/refusal.js';
import { toGpuParts } from '../container/spec-parts.js';
import { plainRequest } from '../request/request.js';
import type { GpuTrial } from './check-types.js';

/** For a GPU that has to be woken up first. */
const limitMs = 60_000;

interface Trial {
  readonly gateway: DockerGateway;
  readonly facts: Facts;
  readonly signal: NvidiaSignal;
  readonly wantsGpu: boolean;
}

/** Starts `nvidia-smi -L` in a container by the way that a launch would take, and removes it again. Pulls nothing. */
export async function tryGpu({ gateway, facts, signal, wantsGpu }: Trial): Promise<GpuTrial> {
  if (facts.engine.state === 'unknown') return { kind: 'not-tried', reason: 'no engine answers' };
  if (signal.kind === 'absent' && !wantsGpu)
    return { kind: 'not-tried', reason: 'no NVIDIA GPU; --variant gpu tries anyway' };
  const image = findOwnImage(facts.engine.value);
  if (image === undefined) return { kind: 'not-tried', reason: 'there is no Slipway image to test with: launch build' };
  const choice = chooseGpuPath({ ...plainRequest, variant: 'gpu' }, facts, signal);
  if (isRefusal(choice)) return { kind: 'failed', way: 'no way', text: choice.cause };
  return run(gateway, image, choice.path);
}

function findOwnImage(engine: EngineFacts): string | undefined {
  return ownTags.findLast((ref) => findImage(engine, ref) !== undefined);
}

async function run(gateway: DockerGateway, image: string, path: GpuPath): Promise<GpuTrial> {
  const gpu = toGpuParts(path);
  const way = path.kind;
  let id: string | undefined;
  try {
    id = await gateway.containers.create({
      Image: image,
      Entrypoint: ['nvidia-smi'],
      Cmd: ['-L'],
      Env: Object.entries(gpu.env).map(([name, value]) => `${name}=${value}`),
      Labels: { [containerLabels.managed]: 'true' },
      HostConfig: {
        DeviceRequests: gpu.deviceRequests,
        SecurityOpt: gpu.securityOptions,
        NetworkMode: 'none',
        ...(gpu.runtime === undefined ? {} : { Runtime: gpu.runtime }),
      },
    });
    await gateway.containers.start(id);
    const exitCode = await Promise.race([gateway.containers.wait(id), sleep(limitMs, undefined, { ref: false })]);
    if (exitCode === undefined)
      return {
        kind: 'failed',
        way,
        text: `nvidia-smi did not end within ${limitMs / 1000} s: the driver does not answer`,
      };
    const lines = await readTail(gateway.containers.logs(id));
    const text = lines.join('; ');
    return exitCode === 0
      ? { kind: 'worked', way, output: text }
      : { kind: 'failed', way, text: `nvidia-smi ended with code ${exitCode}: ${text}` };
  } catch (thrown) {
    const { details, message } = explainEngineError(thrown);
    return { kind: 'failed', way, text: typeof details['engine'] === 'string' ? details['engine'] : message };
  } finally {
    if (id !== undefined) await removeContainer(gateway, id);
  }
}
