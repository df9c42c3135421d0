import type { Command } from 'commander';
import { registerCompletion } from '../command-line/completion/command.js';
import { valueIn } from '../command-line/completion/completion.js';
import { readAccess } from './access.js';
import type { ToolContext } from './context.js';
import { findServer } from './predict/find-server.js';
import { listReady } from './ready-models.js';

/** `slipway completion`: the scripts, and the models that a line could mean. The server's flags are read for a script alone. */
export function register(program: Command, context: ToolContext): void {
  registerCompletion(program, {
    define: async () => (await import('./definition.js')).defineSlipway(program),
    list: (kind, words) => (kind === 'models' ? listModels(words, context) : undefined),
    print: (text) => context.console.result(text),
  });
}

/** Models that a line could mean: of the folder that it serves for itself, else of the server that it asks. */
async function listModels(words: readonly string[], { env, signal }: ToolContext): Promise<readonly string[]> {
  const folder = valueIn(words, ['--models']);
  if (folder !== undefined) {
    const { findModels } = await import('../server/inspect/inspect.js');
    return (await findModels(folder)).models.map(({ name }) => name);
  }
  const [url, keyFile, ca] = ['--url', '--key-file', '--ca'].map((name) => valueIn(words, [name]));
  const flags = Object.entries({ url, keyFile, ca }).filter(([, value]) => value !== undefined);
  const access = await readAccess(Object.fromEntries(flags), env);
  const { connection } = await findServer(access.url, { headers: access.headers, tls: access.tls, signal }, { env });
  try {
    return await listReady(connection);
  } finally {
    connection.close();
  }
}
