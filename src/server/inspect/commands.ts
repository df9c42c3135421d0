import type { ModelCommand } from '../settings/model-commands.js';
import { inspect } from './inspect.js';
import { formatInspections } from './inspection-text.js';
import { writeStarter } from './starter.js';

/** What a command leads to. */
export interface CommandResult {
  readonly stdout: string;
  readonly stderr: string;
  /** Whether a model or a pipeline was refused. */
  readonly isRefused: boolean;
}

/** Runs `slipway inspect` or `slipway init`. Throws what keeps it from being done at all. */
export async function runModelCommand(
  command: ModelCommand,
  { schema }: { readonly schema: string },
): Promise<CommandResult> {
  const { kind, path, json } = command;
  if (kind === 'inspect') {
    const found = await inspect(path);
    const stdout = json ? `${JSON.stringify(found, undefined, 2)}\n` : formatInspections(found);
    const isRefused = [...found.models, ...found.pipelines].some(({ state }) => state === 'refused');
    return { stdout, stderr: '', isRefused };
  }
  const { file, json: written, notes } = await writeStarter(path, { force: command.force, schema });
  if (json)
    return {
      stdout: `${JSON.stringify({ file, model_json: written, notes }, undefined, 2)}\n`,
      stderr: '',
      isRefused: false,
    };
  return { stdout: `${file}\n`, stderr: notes.map((note) => `${note}\n`).join(''), isRefused: false };
}
