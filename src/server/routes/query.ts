import { AppError } from '../../errors.js';
import type { Exchange } from '../http/exchange.js';

/** The parameters after the `?`. Throws INVALID_INPUT for one that the path does not know: a slip would else change nothing in silence. */
export function readQuery<const N extends string>(
  { request }: Exchange,
  known: readonly N[],
): Readonly<Partial<Record<N, unknown>>> {
  const query = (request.query ?? {}) as Readonly<Record<string, unknown>>;
  const strange = Object.keys(query).find((name) => !known.some((own) => own === name));
  if (strange === undefined) return query as Readonly<Partial<Record<N, unknown>>>;
  const expected = known.length === 0 ? 'it takes none' : `expected ${known.map((name) => `'${name}'`).join(', ')}`;
  const shown = JSON.stringify(strange.slice(0, 64));
  throw new AppError('INVALID_INPUT', `${shown} is no parameter of this path: ${expected}`);
}
