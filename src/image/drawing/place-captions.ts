/** A rectangle by its upper left corner. */
export interface Area {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

type Size = Pick<Area, 'width' | 'height'>;

/**
 * Where captions stand beside their boxes, best first, so that none covers another or what is `taken`; undefined for one that finds no
 * room. Above its box if it can, else within at the upper edge, below, or anywhere down the box. One that is wider than the
 * image is cut.
 */
export function placeCaptions(
  captions: readonly { readonly box: Area; readonly size: Size }[],
  { room, taken }: { readonly room: Size; readonly taken: readonly Area[] },
): readonly (Area | undefined)[] {
  const placed = [...taken];
  return captions.map(({ box, size }) => {
    const whole = { ...size, width: Math.min(size.width, room.width) };
    const all = candidates(box, whole, room.width - whole.width);
    const free = all.find((area) => isWithin(area, room) && !placed.some((one) => meets(area, one)));
    if (free !== undefined) placed.push(free);
    return free;
  });
}

function candidates({ left, top, width, height }: Area, size: Size, mostLeft: number): readonly Area[] {
  const bottom = top + height;
  const lefts = [left, left + width - size.width, left + width / 2 - size.width / 2];
  const steps = Math.max(0, Math.floor(height / size.height) - 1);
  const inside = Array.from({ length: steps }, (_, n) => top + (n + 1) * size.height);
  const tops = [top - size.height, top, bottom, bottom - size.height, ...inside];
  const within = (x: number): number => Math.max(0, Math.min(Math.round(x), mostLeft));
  return tops.flatMap((y) => lefts.map((x) => ({ left: within(x), top: Math.round(y), ...size })));
}

const isWithin = ({ left, top, width, height }: Area, room: Size): boolean =>
  left >= 0 && top >= 0 && left + width <= room.width && top + height <= room.height;

const meets = (a: Area, b: Area): boolean =>
  a.left < b.left + b.width && b.left < a.left + a.width && a.top < b.top + b.height && b.top < a.top + a.height;
