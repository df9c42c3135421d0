/** Variables of lines `NAME=value`, as engines have them; a later line wins. */
export function readVariables(lines: readonly string[]): Readonly<Record<string, string>> {
  const entries = lines.map((line): [string, string] => {
    const end = line.indexOf('=');
    return [line.slice(0, end), line.slice(end + 1)];
  });
  return Object.fromEntries(entries);
}
