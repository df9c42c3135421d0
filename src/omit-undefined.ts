/**
 * The fields that are not undefined, to be spread into an object whose optional fields are present or absent. Where every request passes,
 * a conditional spread costs less.
 */
export function omitUndefined<T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const entries = Object.entries(fields).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as { [K in keyof T]?: Exclude<T[K], undefined> };
}
