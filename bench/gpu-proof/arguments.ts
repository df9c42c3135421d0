import { parseArgs } from 'node:util';
import { AppError, messageOf } from '../../src/errors.js';
import type { ProviderName } from '../../src/model/config.js';
import { stepKinds, type StepKind } from './types.js';

/** What the command line of the GPU proof asks for. */
export interface ProofArguments {
  readonly out: string;
  readonly provider: ProviderName;
  readonly isSmall: boolean;
  readonly isTf32Allowed: boolean;
  /** Files to prove in place of the models of the checkout and the generated ones. */
  readonly models: readonly string[];
  readonly kinds: readonly StepKind[];
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
        tf32: { type: 'boolean', default: false },
        model: { type: 'string', multiple: true, default: [] },
        steps: { type: 'string', default: stepKinds.join(',') },
      },
    });
    const provider = providers.find((name) => name === values['execution-provider']);
    if (values.out === undefined || values.out === '') throw new Error('--out is missing: a folder for the report');
    if (provider === undefined)
      throw new Error(`--execution-provider ${values['execution-provider']}: expected one of ${providers.join(', ')}`);
    const { out, small: isSmall, tf32: isTf32Allowed, model: models } = values;
    return { out, provider, isSmall, isTf32Allowed, models, kinds: parseKinds(values.steps) };
  } catch (thrown) {
    throw new AppError(
      'USAGE',
      `${messageOf(thrown)}. Type: --gpu-proof --out DIR [--execution-provider cuda] [--model FILE] [--steps parity,speed] [--tf32] [--small]`,
    );
  }
}

function parseKinds(list: string): readonly StepKind[] {
  return list.split(',').map((given) => {
    const kind = stepKinds.find((name) => name === given.trim());
    if (kind === undefined) throw new Error(`--steps ${given}: expected some of ${stepKinds.join(', ')}`);
    return kind;
  });
}
