import type { LaunchContext } from './context.js';
import { toDockerRun } from './docker-run.js';
import { narrateDecision } from './explain.js';
import { toError } from './launch-failure.js';
import { toNativeWish } from './native-plan.js';
import { toContainerSpec } from './spec.js';
import { inBrief } from './refusal.js';
import type { Preview } from './up.js';
import type { Wish } from './wish.js';
import { checkPaths } from './wish-checks.js';

/** Prints facts, decision and options; as JSON one document, else tables on stderr and the options on stdout. Throws a refusal. */
export function printPreview(
  context: LaunchContext,
  wish: Wish,
  { facts, decision, json }: Preview & { readonly json: boolean },
): void {
  const { console } = context;
  const start = decision.kind === 'chosen' ? startOf(context, wish, { facts, decision }) : {};
  if (json) console.json({ facts, decision, ...start });
  else {
    narrateDecision(console, decision, { facts, explain: true });
    for (const note of checkPaths(wish, facts)) console.warn(note);
    if (start.container !== undefined) console.json(start.container);
    if (start.native !== undefined) console.json(start.native);
    if (start.dockerRun !== undefined) console.result(start.dockerRun);
  }
  if (decision.kind === 'refused') throw toError(json ? decision.refusal : inBrief(decision.refusal), wish.variant);
}

function startOf(
  context: LaunchContext,
  wish: Wish,
  { facts, decision }: Preview,
): { container?: object; dockerRun?: string; native?: object } {
  if (decision.kind === 'refused') return {};
  const { plan } = decision;
  if (plan.kind === 'native') return { native: toNativeWish(wish, plan, { facts, cwd: context.cwd }) };
  const spec = toContainerSpec(wish, plan, facts);
  return { container: spec, dockerRun: toDockerRun(spec, { isDetached: wish.mode === 'detached' }) };
}
