import { stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import type { Homes } from '../../model/containment.js';
import type { StepConfig } from '../../model/pipeline/pipeline-json.js';
import { findPipelines } from '../pipelines/find-pipelines.js';
import { PipelineGraph } from '../pipelines/cycles.js';
import { Judge } from '../pipelines/judge.js';
import type { FoundPipeline } from '../pipelines/types.js';
import type { Inspection, PipelineInspection, StepInspection } from './types.js';

/** The folder of one pipeline that a path names, as an entry of the folder around it, whose models its steps name; undefined for any other path. */
export async function findPipelineFolder(path: string): Promise<{ root: string; only: string } | undefined> {
  const folder = resolve(path);
  const isThere = await stat(join(folder, 'pipeline.json')).catch(() => undefined);
  return isThere?.isFile() === true ? { root: dirname(folder), only: basename(folder) } : undefined;
}

/** Every pipeline of a folder, judged with the models that were found there, as the server judges it. */
export async function inspectPipelines(
  root: string,
  { homes, models }: { readonly homes: Homes; readonly models: readonly Inspection[] },
): Promise<readonly PipelineInspection[]> {
  const found = await findPipelines({ root, homes });
  const judge = new Judge({
    graph: new PipelineGraph(found, () => false),
    isModel: (name) => models.some((model) => model.name === name),
    findModelProblem: (name, version) => findModelProblem(models, name, version),
    findRemoteProblem: () => undefined,
    isUnloaded: () => false,
  });
  return found.map((one) => inspectPipeline(one, join(root, one.name, 'pipeline.json'), judge));
}

function inspectPipeline(one: FoundPipeline, path: string, judge: Judge): PipelineInspection {
  const { name } = one;
  const judged = judge.stateOf(name);
  const refusal = judged.state === 'ready' ? undefined : judged.reason;
  if ('problem' in one) return { name, path, state: 'refused', reason: refusal ?? one.problem };
  const { description, steps } = one.config;
  const seen = steps.map((step) => inspectStep(step, judge));
  if (refusal === undefined) return { name, path, state: 'servable', description, steps: seen };
  return { name, path, state: 'refused', reason: refusal, description, steps: seen };
}

function inspectStep(step: StepConfig, judge: Judge): StepInspection {
  if (step.url !== undefined) return { ...step, state: 'not asked' };
  const judged = judge.stateOfStep(step);
  return judged.state === 'ready'
    ? { ...step, state: 'servable' }
    : { ...step, state: 'refused', reason: judged.reason };
}

function findModelProblem(models: readonly Inspection[], name: string, version: string | undefined) {
  const named = models.filter((model) => model.name === name);
  const versions = named.filter((model) => version === undefined || model.version === version);
  if (versions.some(({ state }) => state === 'servable')) return undefined;
  const [first] = versions;
  if (first !== undefined && first.state !== 'servable') return { reason: first.reason, isFinal: true };
  const found = named.flatMap((model) => model.version ?? []);
  const only = found.length === 0 ? '' : `: it has only ${found.join(', ')}`;
  return {
    reason: `there is no such ${named.length === 0 ? 'model' : 'version'} in the model repository${only}`,
    isFinal: true,
  };
}
