/** A box in pixels, x0, y0, x1, y1, of something of a class. */
export interface Marked {
  readonly box: readonly number[];
  readonly index: number;
}

export interface Scored extends Marked {
  readonly score: number;
}

const area = ([x0 = 0, y0 = 0, x1 = 0, y1 = 0]: readonly number[]): number =>
  Math.max(0, x1 - x0) * Math.max(0, y1 - y0);

/** Intersection over union. */
export function overlapOf(a: readonly number[], b: readonly number[]): number {
  const shared = area([Math.max(a[0]!, b[0]!), Math.max(a[1]!, b[1]!), Math.min(a[2]!, b[2]!), Math.min(a[3]!, b[3]!)]);
  return shared / (area(a) + area(b) - shared);
}

/**
 * Mean over classes of the area below precision over recall, precision made monotone (PASCAL VOC 2010 and later). Best first, a detection
 * is right where the box of its class that it overlaps most is shared by half and not yet taken.
 */
export function meanAveragePrecision(
  found: readonly (readonly Scored[])[],
  wanted: readonly (readonly Marked[])[],
): number {
  const classes = [...new Set(wanted.flat().map(({ index }) => index))];
  const parts = classes.map((index) => {
    const ofClass = wanted.map((boxes) => boxes.filter((each) => each.index === index));
    return averagePrecision(
      found.map((each) => each.filter((one) => one.index === index)),
      ofClass,
    );
  });
  return parts.reduce((sum, part) => sum + part, 0) / parts.length;
}

function averagePrecision(found: readonly (readonly Scored[])[], wanted: readonly (readonly Marked[])[]): number {
  const taken = new Set<Marked>();
  const sorted = found
    .flatMap((each, image) => each.map((one) => ({ ...one, image })))
    .sort((a, b) => b.score - a.score);
  const hits = sorted.map(({ box, image }) => {
    const [nearest] = [...wanted[image]!].sort((a, b) => overlapOf(box, b.box) - overlapOf(box, a.box));
    if (nearest === undefined || overlapOf(box, nearest.box) < 0.5 || taken.has(nearest)) return false;
    taken.add(nearest);
    return true;
  });
  let right = 0;
  const precisions = hits.map((isHit, at) => (right += Number(isHit)) / (at + 1));
  const gains = hits.map((isHit, at) => (isHit ? Math.max(...precisions.slice(at)) : 0));
  return gains.reduce((sum, gain) => sum + gain, 0) / wanted.flat().length;
}
