import { omitUndefined } from '../../../omit-undefined.js';
import { flagError } from './csv.js';
import type { BindMount, MountRequest, PathBase, VolumeMount } from './mount-types.js';
import { checkTarget, checkVolumeName, isPath, splitColons, toAbsolute, type FlagText } from './paths.js';

/** The classes of `-v` options: at most one of each. */
const optionClasses = {
  access: ['ro', 'rw', 'readonly'],
  relabel: ['z', 'Z'],
  propagation: ['shared', 'slave', 'private', 'rshared', 'rslave', 'rprivate'],
  copy: ['nocopy'],
  consistency: ['consistent', 'cached', 'delegated', 'default'],
} as const;

type OptionClass = keyof typeof optionClasses;
type Options = Partial<Record<OptionClass, string>>;

/** `-v` and the short form of `--mount`: `source:target[:options]`, or a target alone for a nameless volume. */
export function parseVolume(where: FlagText, base: PathBase): MountRequest {
  const [first = '', second, optionText, ...rest] = splitColons(where.text);
  if (rest.length > 0) throw flagError(where.flag, where.text, 'too many colons; expected source:target[:options]');
  if (second === undefined) {
    if (isPath(first) && !first.startsWith('/')) {
      throw flagError(where.flag, where.text, `the path inside the container is missing; type ${first}:/srv`);
    }
    return volume(checkTarget(where, first), {});
  }
  if (first === '') throw flagError(where.flag, where.text, 'the source is missing; expected source:target');
  const target = checkTarget(where, second);
  const options = parseOptions(where, optionText);
  if (!isPath(first)) return volume(target, options, checkVolumeName(where, first));
  return bind(where, options, { source: toAbsolute(first, base), target });
}

function parseOptions(where: FlagText, text: string | undefined): Options {
  const found: Options = {};
  for (const word of text === undefined ? [] : text.split(',')) {
    const entry = Object.entries(optionClasses).find(([, words]) => (words as readonly string[]).includes(word));
    if (entry === undefined) {
      const known = Object.values(optionClasses).flat().join(', ');
      throw flagError(where.flag, where.text, `unknown option ${word || '(empty)'}; expected some of ${known}`);
    }
    const kind = entry[0] as OptionClass;
    if (found[kind] !== undefined)
      throw flagError(where.flag, where.text, `${found[kind]} and ${word} cannot be combined`);
    found[kind] = word;
  }
  return found;
}

function bind(where: FlagText, options: Options, paths: Pick<BindMount, 'source' | 'target'>): BindMount {
  // The engine takes a label only with paths that it splits at colons.
  if (options.relabel !== undefined && /:/.test(paths.source.replace(/^[A-Za-z]:/, '')))
    throw flagError(
      where.flag,
      where.text,
      `${paths.source} has a colon, which ${options.relabel} does not go with; in place of ${options.relabel} type --security-opt label=disable`,
    );
  if (options.copy !== undefined) throw flagError(where.flag, where.text, 'nocopy is for volumes, not for a folder');
  return {
    type: 'bind',
    ...paths,
    readOnly: options.access === 'ro' || options.access === 'readonly',
    createSource: where.flag !== '--mount',
    ...(options.relabel === undefined ? {} : { relabel: options.relabel === 'z' ? 'z' : 'Z' }),
    ...omitUndefined({ propagation: options.propagation, consistency: options.consistency }),
  };
}

function volume(target: string, options: Options, source?: string): VolumeMount {
  return {
    type: 'volume',
    ...(source === undefined ? {} : { source }),
    target,
    readOnly: options.access === 'ro' || options.access === 'readonly',
    noCopy: options.copy !== undefined,
    driverOptions: {},
    labels: {},
  };
}
