import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AppError, messageOf } from '../../errors.js';
import { findGraphObstacle, isBatchingAutomatic, noteOnBatchingOff } from '../../model/complete/complete-batching.js';
import { completeConfig } from '../../model/complete/complete-config.js';
import { checkTaskLabels, labelsOf } from '../../model/complete/task-labels.js';
import type { Homes } from '../../model/containment.js';
import type { ModelJson } from '../../model/config-schema.js';
import type { OnnxHeader } from '../../model/config.js';
import { butForeign } from '../../repository/files/foreign.js';
import { scanRepository } from '../../repository/files/layout.js';
import { type ModelOnDisk, chooseVersions, whyNotServed } from '../../repository/files/model-folder.js';
import { lookInto } from '../../repository/files/snapshot.js';
import { readConfig, sourceOf, type VersionSource } from '../../repository/files/version-source.js';
import { readVersionFiles } from '../../repository/loading/version-files.js';
import { specOf } from '../../tensor/tensor.js';
import { describeFile } from '../describe/model-description.js';
import { findModelsPlace, type ModelsPlace } from '../settings/models-place.js';
import { findPipelineFolder, inspectPipelines } from './pipelines.js';
import type { Inspection, Inspections } from './types.js';

/**
 * Looks at every model and pipeline that a path names as the server would, and runs none. Throws USAGE or NOT_FOUND where the path names
 * none; what is wrong with one stands in its inspection.
 */
export async function inspect(path: string): Promise<Inspections> {
  const pipeline = await findPipelineFolder(path);
  if (pipeline !== undefined) {
    const { root, only } = pipeline;
    const all = await inspectAll({ root, homes: [root] });
    const pipelines = all.pipelines.filter(({ name }) => name === only);
    return { models: all.models.filter(({ name }) => name === only), pipelines };
  }
  const place = await findModelsPlace(path);
  const found = await inspectAll({ ...place, homes: [place.root, ...place.homes] });
  if (found.models.length + found.pipelines.length === 0) throw holdsNone(path, await butForeign(path));
  return found;
}

async function inspectAll({ root, only, homes }: Pick<ModelsPlace, 'root' | 'only' | 'homes'>): Promise<Inspections> {
  const models: Inspection[] = [];
  for (const model of await scanRepository(root, homes, { only })) models.push(...(await inspectModel(model, homes)));
  return { models, pipelines: only === undefined ? await inspectPipelines(root, { homes, models }) : [] };
}

/** The models that a path names. */
export async function findModels(
  path: string,
): Promise<{ readonly models: readonly ModelOnDisk[]; readonly homes: Homes }> {
  const { root, only, homes: others } = await findModelsPlace(path);
  const homes = [root, ...others];
  const models = await scanRepository(root, homes, { only });
  if (models.length > 0) return { models, homes };
  throw holdsNone(path, await butForeign(path));
}

const holdsNone = (path: string, others: string): AppError =>
  new AppError(
    'NOT_FOUND',
    `${path} holds no model${others}. Expected NAME.onnx, a folder with model.onnx, or a folder of models.`,
  );

async function inspectModel(model: ModelOnDisk, homes: Homes): Promise<readonly Inspection[]> {
  const { name, folder, problem } = model;
  if (problem !== undefined) return [{ name, state: 'refused', reason: `Model '${name}': ${problem}.` }];
  const config = await readConfig(folder, { homes });
  const onDisk = model.versions.map(({ version }) => version);
  const { versions: policy } = config.json;
  const wanted = chooseVersions(policy, onDisk);
  const versions = [...new Set([...onDisk, ...wanted])].sort((a, b) => Number(a) - Number(b));
  const all: Inspection[] = [];
  for (const version of versions) {
    const source = sourceOf(model, version, config);
    all.push(
      wanted.includes(version)
        ? await inspectVersion(source, homes)
        : { ...placeOf(source), state: 'not served', reason: whyNotServed(policy) },
    );
  }
  return all;
}

const placeOf = ({ name, version, path }: VersionSource) => ({
  name,
  version,
  ...(path === undefined ? {} : { path }),
});

/** The same of one version. Never rejects for what is wrong with it. */
export async function inspectVersion(source: VersionSource, homes: Homes): Promise<Inspection> {
  const { path, problem } = source;
  if (path === undefined || problem !== undefined) {
    return { ...placeOf(source), state: 'refused', reason: problem ?? 'there is no model file' };
  }
  const snapshotFolder = await mkdtemp(join(tmpdir(), 'slipway-inspect-'));
  try {
    return await describe({ ...source, path }, { homes, snapshotFolder });
  } catch (error) {
    return { ...placeOf(source), state: 'refused', reason: messageOf(error) };
  } finally {
    await rm(snapshotFolder, { recursive: true, force: true });
  }
}

async function describe(
  source: VersionSource & { readonly path: string },
  options: { readonly homes: Homes; readonly snapshotFolder: string },
): Promise<Inspection> {
  const { name, version } = source;
  const files = await readVersionFiles(source, { ...options, read: lookInto });
  const { json, labels: lines, snapshot } = files;
  const { header } = snapshot;
  const config = completeConfig(json, header, 'cpu');
  checkTaskLabels(config, lines, header);
  const known = {
    ...{ name, version, config, header, description: config.description },
    inputs: header.inputs.map(specOf),
    outputs: header.outputs.map(specOf),
    labels: labelsOf(lines, config, header),
    notes: [...files.notes, ...notesOn(header, json)],
  };
  return {
    ...placeOf(source),
    state: 'servable',
    config: json,
    model: describeFile(known, { versions: [version], wholeMetadata: true }),
    ir_version: header.irVersion,
    operators: header.operators,
    external_data: header.externalData,
  };
}

/** What the file alone says of how it would be served. */
function notesOn(header: OnnxHeader, { batching }: ModelJson): readonly string[] {
  const obstacle = isBatchingAutomatic(batching) ? findGraphObstacle(header) : undefined;
  return [
    ...header.adaptations,
    ...(header.hazard === undefined ? [] : [`It runs in processes of its own: ${header.hazard}.`]),
    ...(obstacle === undefined ? [] : [noteOnBatchingOff(obstacle)]),
  ];
}
