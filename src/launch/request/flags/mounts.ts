import { omitUndefined } from '../../../omit-undefined.js';
import { parseFlagBoolean, splitCsv, splitKeyValue, type KeyValue, flagError } from './csv.js';
import type { BindMount, MountRequest, PathBase } from './mount-types.js';
import { checkTarget, checkVolumeName, isPath, toAbsolute, type FlagText } from './paths.js';
import { parseBytes } from './sizes.js';
import { parseVolume } from './volumes.js';

const flag = '--mount';

/** What the long form said, before its type decides what of it makes sense. */
interface Fields {
  type: string;
  source?: string;
  target?: string;
  readOnly: boolean;
  readonly pairs: Map<string, string>;
  readonly driverOptions: Record<string, string>;
  readonly labels: Record<string, string>;
}

const keysOfType: Readonly<Record<string, readonly string[]>> = {
  bind: ['bind-propagation', 'bind-recursive', 'bind-create-src', 'consistency'],
  volume: ['volume-nocopy', 'volume-subpath', 'volume-driver'],
  tmpfs: ['tmpfs-size', 'tmpfs-mode'],
};
const longKeys =
  /^"?(type|source|src|target|dst|destination|readonly|ro|consistency|bind-[a-z-]+|volume-[a-z-]+|tmpfs-[a-z]+)=/;

/** `--mount`: docker's long form where a known `key=` comes before any `:` or `,`, else `source:target[:options]`. */
export function parseMount(text: string, base: PathBase): MountRequest {
  const where = { flag, text };
  const head = text.slice(0, text.search(/[:,]/) + 1 || undefined);
  if (!longKeys.test(head) && !/^"?(readonly|ro)"?,/.test(head)) return parseVolume(where, base);
  const fields = readFields(where);
  const target = checkTarget(where, fields.target ?? '');
  for (const key of fields.pairs.keys()) {
    if (keysOfType[fields.type]?.includes(key) !== true)
      throw flagError(flag, text, `${key} is not for type=${fields.type}`);
  }
  if (fields.type === 'bind') return bindMount(where, fields, { target, base });
  if (fields.type === 'tmpfs') return tmpfsMount(where, fields, target);
  return volumeMount(where, fields, target);
}

function readFields(where: FlagText): Fields {
  const fields: Fields = { type: 'volume', readOnly: false, pairs: new Map(), driverOptions: {}, labels: {} };
  for (const field of splitCsv(flag, where.text)) readField(where, fields, splitKeyValue(field));
  if (!(fields.type in keysOfType)) {
    throw flagError(flag, where.text, `unknown type ${fields.type}; expected bind, volume or tmpfs`);
  }
  return fields;
}

function readField(where: FlagText, fields: Fields, pair: KeyValue): void {
  const { key, value } = pair;
  if (key === 'readonly' || key === 'ro') fields.readOnly = parseFlagBoolean(flag, pair);
  else if (key === 'volume-nocopy' || key === 'bind-create-src') {
    fields.pairs.set(key, String(parseFlagBoolean(flag, pair)));
  } else if (value === undefined) throw flagError(flag, where.text, `${key} has no value; expected ${key}=...`);
  else if (key === 'type') fields.type = value.toLowerCase();
  else if (key === 'source' || key === 'src') fields.source = value;
  else if (key === 'target' || key === 'dst' || key === 'destination') fields.target = value;
  else if (key === 'volume-opt') Object.assign(fields.driverOptions, readPair(where, value));
  else if (key === 'volume-label') Object.assign(fields.labels, readPair(where, value));
  else if (Object.values(keysOfType).flat().includes(key)) fields.pairs.set(key, value);
  else throw flagError(flag, where.text, `unknown key ${key}; expected type, source, target, readonly and the like`);
}

function readPair(where: FlagText, text: string): Readonly<Record<string, string>> {
  const { key, value } = splitKeyValue(text);
  if (value === undefined) throw flagError(flag, where.text, `${text} has no value; expected name=value`);
  return { [key]: value };
}

function bindMount(
  where: FlagText,
  fields: Fields,
  to: { readonly target: string; readonly base: PathBase },
): BindMount {
  const { source } = fields;
  if (source === undefined || source === '') throw flagError(flag, where.text, 'source= is missing');
  if (!isPath(source))
    throw flagError(flag, where.text, `source must be a path; for this folder's ${source} type ./${source}`);
  const propagation = fields.pairs.get('bind-propagation');
  const consistency = fields.pairs.get('consistency');
  return {
    type: 'bind',
    source: toAbsolute(source, to.base),
    target: to.target,
    readOnly: fields.readOnly,
    createSource: fields.pairs.get('bind-create-src') === 'true',
    ...omitUndefined({ propagation, consistency }),
    ...recursive(where, fields.pairs.get('bind-recursive')),
  };
}

function recursive(where: FlagText, value: string | undefined): Pick<BindMount, 'recursive'> {
  if (value === undefined || value === 'enabled') return {};
  if (value === 'disabled' || value === 'writable' || value === 'readonly') return { recursive: value };
  throw flagError(flag, where.text, `bind-recursive=${value}; expected enabled, disabled, writable or readonly`);
}

function volumeMount(where: FlagText, fields: Fields, target: string): MountRequest {
  const { source, readOnly, pairs, driverOptions, labels } = fields;
  if (source !== undefined && isPath(source)) {
    throw flagError(flag, where.text, `${source} is a folder: add type=bind, or type ${flag} ${source}:${target}`);
  }
  const subpath = pairs.get('volume-subpath');
  const driver = pairs.get('volume-driver');
  return {
    type: 'volume',
    ...(source === undefined || source === '' ? {} : { source: checkVolumeName(where, source) }),
    target,
    readOnly,
    noCopy: pairs.get('volume-nocopy') === 'true',
    ...omitUndefined({ subpath, driver }),
    driverOptions,
    labels,
  };
}

function tmpfsMount(where: FlagText, fields: Fields, target: string): MountRequest {
  if (fields.source !== undefined) throw flagError(flag, where.text, 'a tmpfs has no source');
  const [size, mode] = [fields.pairs.get('tmpfs-size'), fields.pairs.get('tmpfs-mode')];
  if (mode !== undefined && !/^[0-7]{3,4}$/.test(mode)) {
    throw flagError(flag, where.text, `tmpfs-mode=${mode} is not octal; expected for instance 1777`);
  }
  return {
    type: 'tmpfs',
    target,
    readOnly: fields.readOnly,
    ...(size === undefined ? {} : { sizeBytes: parseBytes('tmpfs-size', size) }),
    ...(mode === undefined ? {} : { mode: Number.parseInt(mode, 8) }),
  };
}
