import type { Facts } from '../facts/facts.js';
import { imageLabels, imageOf, type ContainerVariant } from '../labels.js';
import { readNvidiaSignal } from './gpu/nvidia-signal.js';
import { chooseEdition, findImage } from './image-choice.js';
import { weigh } from './weigh.js';
import type { Decision, Option } from './plan-types.js';
import { isRefusal, refuse, type Refusal } from './refusal.js';
import { insistsOnGpu, type Variant, type LaunchRequest } from '../request/request.js';

/** Variants that a start has already failed with, and why: they lose without being weighed again. */
export type Failed = ReadonlyMap<Variant, Refusal>;

/**
 * From facts and a request to a plan, or to a refusal with cause and fix. An explicit variant, --gpus or a named engine never
 * falls back; `auto` takes the first of its candidates that can be, and owes one line for each better one that cannot.
 */
export function decide(request: LaunchRequest, facts: Facts, failed: Failed = new Map()): Decision {
  const options = candidates(request, facts).map((variant): Option => {
    const refusal = failed.get(variant);
    return refusal === undefined ? weigh(variant, request, facts) : { variant, isPossible: false, refusal };
  });
  const at = options.findIndex(({ isPossible }) => isPossible);
  const chosen = options[at];
  if (chosen?.isPossible !== true) {
    const refusal = worstReason(options);
    return { kind: 'refused', refusal, options };
  }
  const { plan, because, notes } = chosen;
  const fallback = explainFallback(chosen.variant, options.slice(0, at));
  return { kind: 'chosen', plan, because, ...(fallback === undefined ? {} : { fallback }), notes, options };
}

/** The variants that a request allows, best first. */
export function candidates(request: LaunchRequest, facts: Facts): readonly Variant[] {
  if (request.variant !== 'auto') return [request.variant];
  if (request.image !== undefined) return [variantOfImage(request, request.image, facts)];
  const gpu = gpuVariants(request, facts);
  if (insistsOnGpu(request)) return gpu;
  const containers: readonly Variant[] = request.gpuMode === 'none' ? ['cpu'] : [...gpu, 'cpu'];
  return request.engineIsNamed || request.mode === 'shell' ? containers : [...containers, 'native'];
}

/** The prebuilt image; the one from source too where it is there, and first where a prebuilt one that fits is not. It is never built unasked. */
function gpuVariants(request: LaunchRequest, facts: Facts): readonly ContainerVariant[] {
  if (facts.engine.state === 'unknown') return ['gpu'];
  const engine = facts.engine.value;
  if (findImage(engine, imageOf('cuda')) === undefined) return ['gpu'];
  const prebuilt = chooseEdition(request, engine, { variant: 'gpu', signal: readNvidiaSignal(facts.host) });
  const isThere = isRefusal(prebuilt) || findImage(engine, prebuilt.edition?.tag ?? '') !== undefined;
  return isThere ? ['gpu', 'cuda'] : ['cuda', 'gpu'];
}

function variantOfImage(request: LaunchRequest, ref: string, facts: Facts): Variant {
  const labels = facts.engine.state === 'known' ? findImage(facts.engine.value, ref)?.labels : undefined;
  const variant = labels?.[imageLabels.variant];
  if (variant === 'gpu' || variant === 'cuda' || variant === 'cpu')
    return insistsOnGpu(request) && variant === 'cpu' ? 'gpu' : variant;
  const usesCuda = labels?.[imageLabels.cudaVersion] !== undefined;
  return insistsOnGpu(request) || usesCuda ? 'gpu' : 'cpu';
}

/** The line of a fallback: why the first of the better variants cannot be had; undefined where none is better. */
export function explainFallback(chosen: Variant, losers: readonly Option[]): string | undefined {
  const first = losers.flatMap((option) => (option.isPossible ? [] : [option.refusal]))[0];
  if (first === undefined) return undefined;
  const { cause, another } = first;
  return `${chosen}, because ${cause.replace(/\.$/, '')}${another === undefined ? '' : `; ${another}`}`;
}

/** Of several refusals the engine's, else that of the CPU image, which asks least of a machine; where only a GPU will do, the first. */
function worstReason(options: readonly Option[]): Refusal {
  const refusals = options.flatMap((option) => (option.isPossible ? [] : [option.refusal]));
  const engine = refusals.find(({ code }) => code === 'DOCKER_UNREACHABLE');
  const cpu = options.find(({ variant }) => variant === 'cpu');
  const least = cpu?.isPossible === false ? cpu.refusal : undefined;
  return engine ?? least ?? refusals[0] ?? refuse('nothing can be started', 'launch doctor', 'INTERNAL');
}
