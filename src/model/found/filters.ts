import type { Finding } from './types.js';

type Method = NonNullable<NonNullable<Finding['json']['image']>['resample']>;

/** Filters of Pillow in the order of its numbers, and what they are called here; Hamming's is not done. */
const filters: readonly (readonly [name: string, method: Method | undefined])[] = [
  ['nearest', 'nearest'],
  ['lanczos', 'lanczos'],
  ['bilinear', 'bilinear'],
  ['bicubic', 'bicubic'],
  ['box', 'area'],
  ['hamming', undefined],
];

/** What a filter amounts to. */
export interface FoundFilter {
  /** Undefined: none is named, so it is the usual one. */
  readonly resample?: Method;
  readonly called: string;
  readonly notes: readonly string[];
}

/** The `image.resample` that a filter of Pillow amounts to, by its number or name; or why there is none. */
export function findMethod(filter: unknown, source: string): FoundFilter | string {
  if (filter === undefined || filter === null) {
    return { called: 'bilinear', notes: [`${source} names no resize filter: bilinear is used.`] };
  }
  const [name = JSON.stringify(filter), method] =
    filters.find(([name], number) => filter === number || filter === name) ?? [];
  return method === undefined
    ? `its resize filter ${name} is not supported`
    : { resample: method, called: method, notes: [] };
}
