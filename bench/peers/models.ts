import { copyFile, link, mkdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeOnnx, type Graph } from '../../src/model/onnx/writer.js';
import type { Workload } from '../workloads.js';

/** The smallest model that does something: the sum and the difference of two rows of 16 integers. */
function buildTiny(): Graph {
  const value = (name: string) => ({ name, datatype: 'INT32' as const, shape: [1, 16] });
  return {
    name: 'tiny',
    inputs: [value('INPUT0'), value('INPUT1')],
    outputs: [value('OUTPUT0'), value('OUTPUT1')],
    nodes: [
      { op: 'Add', inputs: ['INPUT0', 'INPUT1'], outputs: ['OUTPUT0'] },
      { op: 'Sub', inputs: ['INPUT0', 'INPUT1'], outputs: ['OUTPUT1'] },
    ],
  };
}

/** What the detector wants to see: 320x240, stretched as OpenCV does it, which FastAPI's file has too, (x - 127) / 128; and what it answers. */
const ultrafaceConfig = {
  image: {
    input: 'input',
    resize: { width: 320, height: 240, fit: 'fill', library: 'opencv' },
    scale: 1 / 128,
    mean: [127 / 128],
    std: [1],
  },
  detection: { form: 'ssd', labels: ['face'] },
};

/** A workload's model in a repository of its own. */
export interface StagedModel {
  readonly repository: string;
  readonly modelPath: string;
}

/** Puts the model of a workload into `folder`; a reason where its file is not here. */
export async function stageModel(
  { name, model }: Workload,
  { folder, ultraface }: { readonly folder: string; readonly ultraface: string | undefined },
): Promise<StagedModel | string> {
  const repository = join(folder, `models-${name}`);
  const modelPath = join(repository, model, '1', 'model.onnx');
  await mkdir(join(repository, model, '1'), { recursive: true });
  if (model === 'tiny') {
    await writeFile(modelPath, writeOnnx(buildTiny()));
    return { repository, modelPath };
  }
  if (ultraface === undefined) {
    return 'it needs ultraface-rfb-320.onnx: name the file with --model FILE, or in SLIPWAY_TEST_MODEL';
  }
  if ((await stat(ultraface).catch(() => undefined))?.isFile() !== true) return `there is no file ${ultraface}`;
  await link(ultraface, modelPath).catch(() => copyFile(ultraface, modelPath)); // another file system
  await writeFile(join(repository, model, 'model.json'), JSON.stringify(ultrafaceConfig));
  return { repository, modelPath };
}
