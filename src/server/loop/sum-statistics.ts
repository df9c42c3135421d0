type Node = number | string | readonly Node[] | { readonly [key: string]: Node };
type Fields = Readonly<Record<string, Node>>;

/** Times at which something was last; all other numbers are counts and durations. */
const latest = ['last_inference'];

/** What tells the entries of a list apart: models by name and version, batches by size. */
const keys = ['name', 'version', 'batch_size'];

/** The statistics of all loops as one answer of the extension "statistics": counts and durations add up, the latest time stays. */
export function sumStatistics(answers: readonly object[]): object {
  const [first = {}, ...others] = answers as readonly Fields[];
  return others.reduce((sum, answer) => sumFields(sum, answer), first);
}

function sumFields(a: Fields, b: Fields): Fields {
  const names = [...new Set([...Object.keys(a), ...Object.keys(b)])];
  return Object.fromEntries(names.map((name) => [name, sumNodes(name, a[name], b[name])]));
}

function sumNodes(name: string, a: Node | undefined, b: Node | undefined): Node {
  if (a === undefined || b === undefined) return a ?? b ?? 0;
  if (typeof a === 'number' && typeof b === 'number') {
    return keys.includes(name) ? a : latest.includes(name) ? Math.max(a, b) : a + b;
  }
  if (isList(a) && isList(b)) return sumLists(a as readonly Fields[], b as readonly Fields[]);
  return typeof a === 'object' && typeof b === 'object' ? sumFields(a as Fields, b as Fields) : a;
}

function isList(node: Node): node is readonly Node[] {
  return Array.isArray(node);
}

function sumLists(a: readonly Fields[], b: readonly Fields[]): readonly Fields[] {
  const sums = new Map(a.map((entry) => [keyOf(entry), entry]));
  for (const entry of b) {
    const known = sums.get(keyOf(entry));
    sums.set(keyOf(entry), known === undefined ? entry : sumFields(known, entry));
  }
  return [...sums.values()];
}

function keyOf(entry: Fields): string {
  return JSON.stringify(keys.map((key) => entry[key] ?? null));
}
