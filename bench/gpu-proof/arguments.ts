import { parseArgs } from 'node:util';
import { AppError, messageOf } from '../../src/errors.js';
import type { ProviderName } from '../../src/model/config.js';

export interface ProofArguments {
  readonly out: string;
  readonly provider: ProviderName;
  readonly isSmall: boolean;
}

const providers: readonly ProviderName[] = ['cuda', 'tensorrt', 'webgpu', 'cpu'];

/** Reads the flags with Node's own parser, for the host has no packages but the runtime's. Throws USAGE. */
export function parseProofArguments(argv: readonly string[]): ProofArguments {
  try {
    const { values } = parseArgs({
      args: [...argv],
      options: {
        'gpu-proof': { type: 'boolean' },
        out: { type: 'string' },
        'execution-provider': { type: 'string', default: 'cuda' },
        small: { type: 'boolean', default: false },
      },
    });
    const provider = providers.find((name) => name === values['execution-provider']);
    if (values.out === undefined || values.out === '') throw new Error('--out is missing: a folder for the report');
    if (provider === undefined)
      throw new Error(`--execution-provider ${values['execution-provider']}: expected one of ${providers.join(', ')}`);
    return { out: values.out, provider, isSmall: values.small };
  } catch (thrown) {
    throw new AppError(
      'USAGE',
      `${messageOf(thrown)}. Type: --gpu-proof --out DIR [--execution-provider cuda] [--small]`,
    );
  }
}
