import { startContainer } from '../container/start.js';
import type { EngineAddress, LaunchContext } from '../context.js';
import { ensureImage } from '../images/ensure-image.js';
import { narrateDecision } from '../decide/explain.js';
import type { Facts } from '../facts/facts.js';
import { gatherFacts, readEngine } from '../facts/gather.js';
import { permitsFallback, toError, toRefusal } from '../failures/explain.js';
import { startNative } from '../native/start.js';
import { explainIdleGpu, explainNoModels } from '../session/outcome.js';
import { decide } from '../decide/plan.js';
import { weigh } from '../decide/weigh.js';
import type { ContainerPlan, Decision, Plan } from '../decide/plan-types.js';
import { inBrief, type Refusal } from '../decide/refusal.js';
import type { Session, StartOptions, Started } from '../session/session.js';
import { checkPaths } from '../decide/path-checks.js';
import { insistsOnGpu, type Variant, type LaunchRequest } from '../request/request.js';

/** One `launch up`. */
export interface UpRequest {
  readonly address: EngineAddress;
  readonly request: LaunchRequest;
  readonly start: StartOptions;
  readonly explain: boolean;
  readonly signal: AbortSignal;
}

/** What was learned and decided before anything happens. */
export interface Preview {
  readonly facts: Facts;
  readonly decision: Decision;
}

/** Facts and decision for a request; starts nothing. */
export async function preview(
  context: LaunchContext,
  { address, request }: Pick<UpRequest, 'address' | 'request'>,
): Promise<Preview> {
  const facts = await gatherFacts(context, await context.openGateway(address), request);
  return { facts, decision: decide(request, facts) };
}

/** From a request to a server that is ready. `auto` goes on to its next variant where a start fails because a GPU or an image is missing. */
export async function bringUp(context: LaunchContext, asked: UpRequest): Promise<Started> {
  const { request } = asked;
  const gateway = await context.openGateway(asked.address);
  const facts = await gatherFacts(context, gateway, request);
  for (const note of checkPaths(request, facts)) context.console.warn(note);
  const failed = new Map<Variant, Refusal>();
  for (;;) {
    const decision = decide(request, facts, failed);
    narrateDecision(context.console, decision, { facts, explain: asked.explain });
    if (decision.kind === 'refused') {
      throw toError(asked.explain ? inBrief(decision.refusal) : decision.refusal, request.variant);
    }
    const session: Session = { context, gateway, request, facts, options: asked.start, signal: asked.signal };
    try {
      const started = await startPlan(session, decision.plan);
      const idle = explainIdleGpu(started.launched);
      if (idle !== undefined) context.console.warn(idle);
      for (const { message } of started.launched.broken) context.console.warn(message);
      const unserved = explainNoModels(started.launched);
      if (unserved !== undefined) context.console.warn(unserved);
      return started;
    } catch (thrown) {
      const mayFallBack = request.variant === 'auto' && !insistsOnGpu(request) && request.image === undefined;
      if (!mayFallBack || decision.plan.kind === 'native' || !permitsFallback(thrown)) throw thrown;
      context.console.warn(thrown.message);
      failed.set(decision.plan.variant, toRefusal(thrown));
    }
  }
}

async function startPlan(session: Session, plan: Plan): Promise<Started> {
  if (plan.kind === 'native') return startNative(session, plan);
  const isNew = await ensureImage(session, plan);
  const facts = isNew ? await recheck(session, plan) : session.facts;
  return startContainer({ ...session, facts }, plan);
}

/** An image that just came shows its labels: what they ask for is compared before it starts. */
async function recheck({ gateway, facts, request }: Session, plan: ContainerPlan): Promise<Facts> {
  const fresh = { ...facts, engine: await readEngine(gateway) };
  const option = weigh(plan.variant, request, fresh);
  if (!option.isPossible) throw toError(option.refusal, plan.variant);
  return fresh;
}
