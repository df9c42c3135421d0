import { toPlainError, type PlainError } from '../../errors.js';
import type { LaunchContext } from '../context.js';
import { dockerProgram } from '../facts/docker-program.js';
import { toDockerRun } from '../container/docker-run.js';
import { exitCodes } from '../exit-codes.js';
import { narrateDecision } from '../decide/explain.js';
import { toError } from '../failures/explain.js';
import { toNativeRequest } from '../native/plan.js';
import { toContainerSpec } from '../container/spec.js';
import { inBrief } from '../decide/refusal.js';
import type { Preview } from './bring-up.js';
import type { LaunchRequest } from '../request/request.js';
import { checkPaths } from '../decide/path-checks.js';

/** Prints facts, decision and options; as JSON one document, else tables on stderr and the options on stdout. Throws a refusal. */
export function printPreview(
  context: LaunchContext,
  request: LaunchRequest,
  { facts, decision, json }: Preview & { readonly json: boolean },
): void {
  const { console } = context;
  const start = decision.kind === 'chosen' ? startOf(context, request, { facts, decision }) : {};
  if (json) {
    printDocument(context, request, { facts, decision, start });
    return;
  }
  narrateDecision(console, decision, { facts, explain: true });
  for (const note of checkPaths(request, facts)) console.warn(note);
  if (start.container !== undefined) console.json(start.container);
  if (start.native !== undefined) console.json(start.native);
  if (start.dockerRun !== undefined) console.result(start.dockerRun);
  if (decision.kind === 'refused') throw toError(inBrief(decision.refusal), request.variant);
}

/** One document whatever was found, a failure in it; the exit code is that of the text. */
function printDocument(
  context: LaunchContext,
  request: LaunchRequest,
  { facts, decision, start }: Preview & { start: Start },
): void {
  const failure = findFailure(request, { facts, decision });
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

function findFailure(request: LaunchRequest, { facts, decision }: Preview): PlainError | undefined {
  try {
    checkPaths(request, facts);
  } catch (thrown) {
    return toPlainError(thrown);
  }
  return decision.kind === 'refused' ? toError(decision.refusal, request.variant) : undefined;
}

/** What a start would make. */
interface Start {
  readonly container?: object;
  readonly dockerRun?: string;
  readonly native?: object;
}

function startOf(context: LaunchContext, request: LaunchRequest, { facts, decision }: Preview): Start {
  if (decision.kind === 'refused') return {};
  const { plan } = decision;
  if (plan.kind === 'native') return { native: toNativeRequest(request, plan, { facts, cwd: context.cwd }) };
  const spec = toContainerSpec(request, plan, facts);
  const docker = facts.engine.state === 'known' ? { docker: dockerProgram(facts.engine.value) } : {};
  return { container: spec, dockerRun: toDockerRun(spec, { isDetached: request.mode === 'detached', ...docker }) };
}
