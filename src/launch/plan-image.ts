import type { EngineFacts, Facts, ImageFacts } from './facts.js';
import { imageOf, requirementsOf, variantRequirements, type ContainerVariant, type GpuRequirements } from './labels.js';
import type { ImageChoice } from './plan-types.js';
import { refuse, type Refusal } from './refusal.js';
import type { Wish } from './wish.js';

/** A name as the engine lists it: `:latest` where neither a tag nor a digest stands. */
export function withTag(ref: string): string {
  return /[:@][^/]*$/.test(ref) ? ref : `${ref}:latest`;
}

/** The image on the engine that a name means (Podman puts localhost/ before it), or undefined where it is absent or could not be asked. */
export function findImage(engine: EngineFacts, ref: string): ImageFacts | undefined {
  if (engine.images.state === 'unknown') return undefined;
  const isMeant = ({ id, tags }: ImageFacts): boolean =>
    tags.includes(withTag(ref)) ||
    tags.includes(`localhost/${withTag(ref)}`) ||
    id === ref ||
    (/^[\da-f]{12,64}$/.test(ref) && id.startsWith(`sha256:${ref}`));
  return engine.images.value.find(isMeant);
}

/** The image of a variant, and whether it is there, will be built or pulled. */
export function chooseImage(
  wish: Wish,
  facts: Facts,
  of: { engine: EngineFacts; variant: ContainerVariant },
): ImageChoice | Refusal {
  const ref = wish.image ?? imageOf(of.variant);
  if (findImage(of.engine, ref) !== undefined && wish.pull !== 'always') return { ref, source: 'present' };
  const canBuild = wish.image === undefined && facts.buildable.includes(of.variant);
  if (wish.pull === 'never' && of.engine.images.state === 'known') {
    return refuse(
      `the image ${ref} is not on the engine`,
      `${canBuild ? `launch build --variant ${of.variant}` : `docker pull ${ref}`}, for --pull never gets none`,
      'IMAGE_MISSING',
    );
  }
  return { ref, source: canBuild ? 'build' : 'pull' };
}

/** What the image asks of a GPU: by its labels where it is present, else by our own Dockerfile. */
export function findRequirements(
  wish: Wish,
  engine: EngineFacts,
  variant: 'gpu' | 'cuda',
): GpuRequirements | undefined {
  const image = findImage(engine, wish.image ?? imageOf(variant));
  if (image !== undefined) return requirementsOf(image.labels);
  return wish.image === undefined ? variantRequirements[variant] : undefined;
}
