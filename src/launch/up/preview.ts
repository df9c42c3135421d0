import { toPlainError, type PlainError } from '../../errors.js';
import type { LaunchContext } from '../context.js';
import { dockerProgram } from '../facts/docker-program.js';
import { toDockerRun } from '../container/docker-run.js';
import { exitCodes } from '../exit-codes.js';
import { narrateDecision } from '../decide/explain.js';
import { toError } from '../failures/explain.js';
import { toNativeWish } from '../native/plan.js';
import { toContainerSpec } from '../container/spec.js';
import { inBrief } from '../decide/refusal.js';
import type { Preview } from './bring-up.js';
import type { Wish } from '../request/request.js';
import { checkPaths } from '../decide/path-checks.js';

/** Prints facts, decision and options; as JSON one document, else tables on stderr and the options on stdout. Throws a refusal. */
export function printPreview(
  context: LaunchContext,
  wish: Wish,
  { facts, decision, json }: Preview & { readonly json: boolean },
): void {
  const { console } = context;
  const start = decision.kind === 'chosen' ? startOf(context, wish, { facts, decision }) : {};
  if (json) {
    printDocument(context, wish, { facts, decision, start });
    return;
  }
  narrateDecision(console, decision, { facts, explain: true });
  for (const note of checkPaths(wish, facts)) console.warn(note);
  if (start.container !== undefined) console.json(start.container);
  if (start.native !== undefined) console.json(start.native);
  if (start.dockerRun !== undefined) console.result(start.dockerRun);
  if (decision.kind === 'refused') throw toError(inBrief(decision.refusal), wish.variant);
}

/** One document whatever was found, a failure in it; the exit code is that of the text. */
function printDocument(
  context: LaunchContext,
  wish: Wish,
  { facts, decision, start }: Preview & { start: Start },
): void {
  const failure = findFailure(wish, { facts, decision });
  const { code, message, details } = failure ?? {};
  context.console.json({
    facts,
    decision,
    ...start,
    ...(failure === undefined ? {} : { error: { code, message, details } }),
  });
  if (failure === undefined) return;
  context.console.fail(failure.message.split('\n')[0] ?? '');
  context.setExitCode(exitCodes[failure.code]);
}

function findFailure(wish: Wish, { facts, decision }: Preview): PlainError | undefined {
  try {
    checkPaths(wish, facts);
  } catch (thrown) {
    return toPlainError(thrown);
  }
  return decision.kind === 'refused' ? toError(decision.refusal, wish.variant) : undefined;
}

/** What a start would make. */
interface Start {
  readonly container?: object;
  readonly dockerRun?: string;
  readonly native?: object;
}

function startOf(context: LaunchContext, wish: Wish, { facts, decision }: Preview): Start {
  if (decision.kind === 'refused') return {};
  const { plan } = decision;
  if (plan.kind === 'native') return { native: toNativeWish(wish, plan, { facts, cwd: context.cwd }) };
  const spec = toContainerSpec(wish, plan, facts);
  const docker = facts.engine.state === 'known' ? { docker: dockerProgram(facts.engine.value) } : {};
  return { container: spec, dockerRun: toDockerRun(spec, { isDetached: wish.mode === 'detached', ...docker }) };
}
