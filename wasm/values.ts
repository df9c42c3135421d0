// Pixels to the values of a tensor, 4 bytes each, by tables of 256 values.

/**
 * Writes the values of `count` RGB pixels: those of each channel from its own place on, `step` bytes apart. The tables of red, green and
 * blue lie one behind the other.
 */
export function writeValues(
  from: usize,
  count: i32,
  tables: usize,
  red: usize,
  green: usize,
  blue: usize,
  step: i32,
): void {
  const end = from + count * 3;
  for (let at: usize = 0; from < end; from += 3, at += step) {
    store<i32>(red + at, load<i32>(tables + ((<usize>load<u8>(from)) << 2)));
    store<i32>(green + at, load<i32>(tables + ((<usize>load<u8>(from, 1)) << 2), 1024));
    store<i32>(blue + at, load<i32>(tables + ((<usize>load<u8>(from, 2)) << 2), 2048));
  }
}
