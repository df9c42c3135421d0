import { AppError } from '../../../errors.js';

/** Says through which pipelines of which servers a request came. */
export const trailHeader = 'x-slipway-trail';

/** Most pipelines that a request may come through. */
export const mostHops = 8;
const entryShape = /^[\w-]{1,64}\/[^,\s]{1,400}$/;

/** The trail of a request with one pipeline more. Throws INVALID_INPUT where it came through that one before, or through too many. */
export function extendTrail(trail: readonly string[], server: string, pipeline: string): readonly string[] {
  const entry = `${server}/${encodeURIComponent(pipeline)}`;
  const names = [...trail, entry].map((one) => `'${decodeURIComponent(one.slice(one.indexOf('/') + 1))}'`);
  if (trail.includes(entry)) {
    throw new AppError('INVALID_INPUT', `The pipelines call each other in a cycle: ${names.join(' -> ')}.`);
  }
  if (trail.length >= mostHops) {
    throw new AppError(
      'INVALID_INPUT',
      `The request came through ${trail.length} pipelines, the maximum: ${names.join(' -> ')}.`,
    );
  }
  return [...trail, entry];
}

/** Reads the header. Throws INVALID_INPUT for what no server writes. */
export function readTrail(header: string | undefined): readonly string[] {
  if (header === undefined || header === '') return [];
  const entries = header.split(',').map((entry) => entry.trim());
  if (entries.length <= mostHops && entries.every((entry) => entryShape.test(entry) && isDecodable(entry))) {
    return entries;
  }
  throw new AppError('INVALID_INPUT', `The header ${trailHeader} was not written by a server: leave it out.`);
}

function isDecodable(entry: string): boolean {
  try {
    decodeURIComponent(entry);
    return true;
  } catch {
    return false;
  }
}
