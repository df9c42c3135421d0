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

/** The `image.resample` that a filter of Pillow amounts to, by its number or name; with a note where there is none. */
export function findMethod(
  filter: unknown,
  source: string,
): { readonly resample?: Method; readonly called: string; readonly notes: readonly string[] } {
  if (filter === undefined || filter === null) {
    return { called: 'bilinear', notes: [`${source} names no resize filter: bilinear is used.`] };
  }
  const [name = JSON.stringify(filter), method] =
    filters.find(([name], number) => filter === number || filter === name) ?? [];
  if (method !== undefined) return { resample: method, called: method, notes: [] };
  return {
    called: 'bilinear',
    notes: [`${source} says ${name} resizing, which is not supported: images are resized bilinearly.`],
  };
}
