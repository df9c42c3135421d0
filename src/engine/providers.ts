import { AppError } from '../errors.js';
import type { ProviderName, ProviderRequest } from '../model/config.js';

/** Whether a provider works here: proved by a session, or refused with the reason. */
export type ProviderProof =
  | {
      readonly works: true;
      /** The adapter computes in software: right, but slower than the CPU. */ readonly isSoftware?: boolean;
    }
  | { readonly works: false; readonly reason: string };

/** Proofs by provider; the CPU always works. A provider without a proof was not tried. */
export type ProviderProofs = Readonly<Partial<Record<ProviderName, ProviderProof>>>;

/** What a model and its server ask for. */
export interface ExecutionRequest {
  /** The model's own list in order of preference; empty: the server's request. */
  readonly model: readonly ProviderName[];
  readonly server: ProviderRequest;
  readonly requireGpu: boolean;
}

/** The execution provider that a model gets. */
export interface ProviderChoice {
  readonly provider: ProviderName;
  /** One line for people: what was chosen over what, and why. */
  readonly reason: string;
}

/** What `auto` tries, best first. TensorRT builds engines for minutes, so it is for those who ask for it. */
const automatic: readonly ProviderName[] = ['cuda', 'webgpu', 'cpu'];

/** Providers that a request may end at, in order: those that have to be proved before `chooseProvider` is asked. */
export function listCandidates({ model, server, requireGpu }: ExecutionRequest): readonly ProviderName[] {
  const wanted = model.length > 0 ? model : server === 'auto' ? automatic : [server];
  return requireGpu ? wanted.filter((name) => name !== 'cpu') : wanted;
}

/**
 * The first candidate that works. Throws DEVICE_UNAVAILABLE with every reason where none does: only `auto`, and a model's list
 * that names several, may go on to the next. A software adapter is never chosen for `auto` and never counts as a GPU.
 */
export function chooseProvider(request: ExecutionRequest, proofs: ProviderProofs): ProviderChoice {
  const isAuto = request.model.length === 0 && request.server === 'auto';
  const passed: string[] = [];
  for (const provider of listCandidates(request)) {
    const obstacle = findObstacle(provider, proofs, request.requireGpu || isAuto);
    if (obstacle === undefined) return { provider, reason: explainChoice(provider, passed) };
    passed.push(`${provider}: ${obstacle}`);
  }
  throw refusal(request, passed);
}

function findObstacle(provider: ProviderName, proofs: ProviderProofs, needsHardware: boolean): string | undefined {
  if (provider === 'cpu') return undefined;
  const proof = proofs[provider];
  if (proof === undefined) return 'it was not tried';
  if (!proof.works) return proof.reason;
  return needsHardware && proof.isSoftware === true ? 'its adapter is software, not a GPU' : undefined;
}

function explainChoice(provider: ProviderName, passed: readonly string[]): string {
  return passed.length === 0 ? `${provider} works` : `${provider}, since ${passed.join('; ')}`;
}

function refusal({ model, server, requireGpu }: ExecutionRequest, passed: readonly string[]): AppError {
  const wanted = model.length > 0 ? `execution.providers [${model.join(', ')}]` : `execution provider ${server}`;
  const required = requireGpu ? ' with a GPU required' : '';
  const reasons = passed.length === 0 ? 'no GPU provider is named' : passed.join('; ');
  const fix = requireGpu ? 'drop the requirement to serve on the CPU' : 'choose auto or cpu to serve on the CPU';
  return new AppError(
    'DEVICE_UNAVAILABLE',
    `${wanted}${required} cannot be served here: ${reasons}. Fix the cause, or ${fix}.`,
    {
      details: { providers: model, server, requireGpu, reasons: passed },
    },
  );
}
