import { isMeant } from '../docker/reference.js';
import type { EngineFacts, Facts, ImageFacts } from '../facts/facts.js';
import { dockerProgram } from '../facts/docker-program.js';
import { conditionsOf, editions, requirementsOf, type Edition, type GpuRequirements } from '../editions.js';
import { imageOf, type ContainerVariant } from '../labels.js';
import type { NvidiaSignal } from './gpu/nvidia-signal.js';
import { allGpus } from '../request/flags/gpus.js';
import { checkRequirements } from './gpu/gpu-fit.js';
import type { ImageChoice } from './plan-types.js';
import { isRefusal, refuse, type Refusal } from './refusal.js';
import type { LaunchRequest } from '../request/request.js';

/** The image on the engine that a name means, or undefined where it is absent or could not be asked. */
export function findImage(engine: EngineFacts, ref: string): ImageFacts | undefined {
  return engine.images.state === 'unknown' ? undefined : engine.images.value.find((image) => isMeant(image, ref));
}

/** The image of a variant, and whether it is there, will be built or pulled. */
export function chooseImage(
  request: LaunchRequest,
  facts: Facts,
  of: { engine: EngineFacts; variant: ContainerVariant; edition?: Edition },
): ImageChoice | Refusal {
  const ref = request.image ?? of.edition?.tag ?? imageOf(of.variant);
  const args = of.edition?.buildArgs ?? {};
  if (findImage(of.engine, ref) !== undefined && request.pull !== 'always') return { ref, source: 'present' };
  const canBuild = request.image === undefined && facts.buildable.includes(of.variant);
  if (request.pull === 'never' && of.engine.images.state === 'known') {
    const flags = Object.entries(args).map(([name, value]) => ` --build-arg ${name}=${value}`);
    return refuse(
      `the image ${ref} is not on the engine`,
      `${canBuild ? `launch build --variant ${of.variant}${flags.join('')}` : `${dockerProgram(of.engine).join(' ')} pull ${ref}`}, or omit --pull never`,
      'IMAGE_MISSING',
    );
  }
  return { ref, source: canBuild ? 'build' : 'pull', ...(Object.keys(args).length === 0 ? {} : { buildArgs: args }) };
}

/** Which of a variant's images fits driver and GPUs, with why a newer one does not. */
export interface EditionChoice {
  /** Undefined for an image that the request names. */
  readonly edition?: Edition;
  readonly newerFails?: string;
  readonly notes: readonly string[];
}

/** The newest of a variant's images that fits, or why the oldest, which asks least, does not; of an image that the request names, whether it does. */
export function chooseEdition(
  request: LaunchRequest,
  engine: EngineFacts,
  of: { variant: 'gpu' | 'cuda'; signal: NvidiaSignal },
): EditionChoice | Refusal {
  const { selection } = request.gpus ?? allGpus;
  if (request.image !== undefined) {
    const { labels, env } = findImage(engine, request.image) ?? {};
    const asked = labels === undefined ? undefined : requirementsOf(labels, { ...env, ...request.container.env });
    return checkRequirements(asked, of.signal, selection);
  }
  const fits = editions[of.variant].map((edition) => ({
    edition,
    fit: checkRequirements(requirementsOfEdition(edition, request, engine), of.signal, selection),
  }));
  const refusals = fits.flatMap(({ fit }) => (isRefusal(fit) ? [fit] : []));
  for (const { edition, fit } of fits) {
    if (isRefusal(fit)) continue;
    const [newest] = fits[0]?.edition === edition ? [] : refusals;
    return { edition, ...(newest === undefined ? {} : { newerFails: newest.cause }), notes: fit.notes };
  }
  return refusals.at(-1) ?? refuse(`there is no image of ${of.variant}`, 'launch build', 'INTERNAL');
}

/** What the image asks of a GPU: as it says itself where it is present, else as our own Dockerfile makes it. */
function requirementsOfEdition(
  edition: Edition,
  request: LaunchRequest,
  engine: EngineFacts,
): GpuRequirements | undefined {
  const image = findImage(engine, edition.tag);
  if (image !== undefined) return requirementsOf(image.labels, { ...image.env, ...request.container.env });
  const changed = conditionsOf(request.container.env);
  return changed === undefined ? edition.requirements : { ...edition.requirements, conditions: changed };
}
