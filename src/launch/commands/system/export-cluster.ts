import type { Command } from 'commander';
import { resolve } from 'node:path';
import { AppError } from '../../../errors.js';
import type { LaunchContext } from '../../context.js';
import type { ClusterKind } from '../../cluster/cluster-checks.js';
import { readClusterFiles } from '../../cluster/cluster-files.js';
import { addClusterOptions, readClusterOptions, type ClusterValues } from '../../cluster/cluster-flags.js';
import { toDeployed } from '../../cluster/for-cluster.js';
import { startLine, toDocuments, toFile } from '../../export/render.js';
import { addUpOptions, type UpValues } from '../../request/up-flags.js';
import { engineAddressOf, wantsJson } from '../../cli/engine-flags.js';
import { writeExport } from './export-file.js';
import { complete, isAfterDashes, readRequest } from '../up/up.js';

type Values = Partial<UpValues> & Partial<ClusterValues> & { readonly output?: string };

const descriptions: Readonly<Record<ClusterKind, string>> = {
  kubernetes: 'Deployment, Service, scaling and policies of the server that up would start',
  kserve: 'a ServingRuntime for ONNX models and an InferenceService on it',
  swarm: 'a stack for docker stack deploy',
};

/** `launch export kubernetes|kserve|swarm`: up's flags as a cluster reads them. It asks no engine and no cluster, and starts nothing. */
export function registerClusters(group: Command, context: LaunchContext): void {
  for (const kind of ['kubernetes', 'kserve', 'swarm'] as const) {
    const command = group.command(`${kind} [serverArgs...]`).description(descriptions[kind]);
    addClusterOptions(addUpOptions(command), kind).action(
      (operands: readonly string[], values: Values, self: Command) =>
        exportCluster(operands, { kind, values, self, context }),
    );
  }
}

interface Call {
  readonly kind: ClusterKind;
  readonly values: Values;
  readonly self: Command;
  readonly context: LaunchContext;
}

async function exportCluster(operands: readonly string[], { kind, values, self, context }: Call): Promise<void> {
  const { console } = context;
  const [word] = operands;
  if (word !== undefined && !isAfterDashes(word, operands, self)) {
    throw new AppError('USAGE', `${word} is not expected here. The server's own arguments go after --`);
  }
  const address = engineAddressOf(self);
  const named = address.context ?? address.host;
  if (named !== undefined)
    throw new AppError('USAGE', `${named} names an engine, which an export does not use. Omit it.`);
  const request = await readRequest(operands, { values: complete(values), address, context });
  const files = (await readClusterFiles(values, context.cwd)).map((file) => ({
    ...file,
    path: resolve(context.cwd, file.path),
  }));
  const { deployed, notes, fileNotes } = toDeployed(request, { ...readClusterOptions(values, kind), files }, kind);
  for (const note of [...fileNotes, ...notes, ...unsaidHere(values)]) console.note(note);
  const { output } = values;
  if (wantsJson(self)) console.json(toDocuments(kind, deployed));
  else if (output === undefined) console.result(toFile(kind, deployed).trimEnd());
  else {
    await writeExport(resolve(context.cwd, output), toFile(kind, deployed));
    console.ok(`Wrote ${output}. Start it with: ${startLine(kind, deployed, output)}`);
  }
}

/** Flags of a start, which an export is not. */
function unsaidHere({ replace, keep, timeout, dryRun, explain }: Values): readonly string[] {
  const flags = Object.entries({
    '--replace': replace,
    '--keep': keep,
    '--timeout': timeout,
    '--dry-run': dryRun,
    '--explain': explain,
  });
  const given = flags.flatMap(([flag, value]) => (value === undefined ? [] : [flag]));
  return given.length === 0 ? [] : [`an export starts nothing, so these have no effect: ${given.join(', ')}`];
}
