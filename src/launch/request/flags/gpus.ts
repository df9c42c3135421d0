import { splitCsv, splitKeyValue, flagError } from './csv.js';
import { parseCount } from './sizes.js';

/** The GPUs that `--gpus` names. */
export type GpuSelection =
  | { readonly kind: 'all' }
  | { readonly kind: 'count'; readonly count: number }
  /** Indices, `GPU-` or `MIG-` UUIDs, or `1:0` for a MIG instance. */
  | { readonly kind: 'ids'; readonly ids: readonly string[] };

/** One `--gpus`. */
export interface GpuRequest {
  readonly selection: GpuSelection;
  /** Beyond `gpu`; empty for none named. */
  readonly capabilities: readonly string[];
  readonly driver?: string;
  readonly options: Readonly<Record<string, string>>;
}

/** Every GPU, nothing special. */
export const allGpus: GpuRequest = { selection: { kind: 'all' }, capabilities: [], options: {} };

const flag = '--gpus';

/** An index, `0:1` for a MIG instance, or a UUID; MIG devices have slashes in their older form. */
const isId = /^(\d+(:\d+)?|(GPU|MIG)-[\w/-]+)$/;

/** `all`, `2`, `device=0,2` (quoted or not), `device=GPU-...`, with `capabilities=`, `driver=` and `options=`. */
export function parseGpus(text: string): GpuRequest {
  const state: { -readonly [K in keyof GpuRequest]: GpuRequest[K] } = { ...allGpus };
  let selection: GpuSelection | undefined;
  for (const field of joinDeviceList(unquote(text), text)) {
    const { key, value } = splitKeyValue(field);
    if (value === undefined || key === 'count') selection = parseSelection(selection, value ?? key, text);
    else if (key === 'device') selection = addIds(selection, value, text);
    else if (key === 'driver') state.driver = value;
    else if (key === 'capabilities') state.capabilities = value.split(',').filter((name) => name !== 'gpu');
    else if (key === 'options') state.options = parseOptions(value, text);
    else throw flagError(flag, text, `unknown key ${key}; expected count, device, driver, capabilities, options`);
  }
  return { ...state, selection: selection ?? { kind: 'count', count: 1 } };
}

/** `'"device=0,2"'`: quotes that a shell left around the whole. */
function unquote(text: string): string {
  return /^'.*'$/.test(text) ? text.slice(1, -1) : text;
}

/** Lets `device=0,2` stand without docker's inner quotes: what follows a device and looks like one belongs to it. */
function joinDeviceList(line: string, text: string): readonly string[] {
  const fields: string[] = [];
  for (const field of splitCsv(flag, line)) {
    const previous = fields.at(-1);
    const continues = isId.test(field) && previous?.startsWith('device=') === true;
    if (continues) fields[fields.length - 1] = `${previous},${field}`;
    else if (field === '') throw flagError(flag, text, 'a field is empty; expected all, a count, or device=0');
    else fields.push(field);
  }
  return fields;
}

function parseSelection(before: GpuSelection | undefined, value: string, text: string): GpuSelection {
  if (before !== undefined) throw flagError(flag, text, 'name either a count or devices, once');
  if (value === 'all' || value === '-1') return { kind: 'all' };
  if (/^(GPU|MIG)-/.test(value)) throw flagError(flag, text, `type ${flag} device=${value}`);
  if (!/^\d+$/.test(value)) throw flagError(flag, text, 'expected all, a count such as 2, or device=0,1');
  const count = parseCount(flag, value);
  if (count === 0)
    throw flagError(flag, text, 'no GPU at all is --variant cpu; the GPU with index 0 is --gpus device=0');
  return { kind: 'count', count };
}

function addIds(before: GpuSelection | undefined, value: string, text: string): GpuSelection {
  if (before !== undefined) throw flagError(flag, text, 'name either a count or devices, once');
  const ids = value.split(',');
  const wrong = ids.find((id) => !/^(all|none)$/.test(id) && !isId.test(id));
  if (wrong !== undefined) {
    throw flagError(
      flag,
      text,
      `${wrong || 'an empty name'} is not a GPU; expected an index, GPU-<uuid>, MIG-<uuid> or 0:0 (see nvidia-smi -L)`,
    );
  }
  return ids.includes('all') ? { kind: 'all' } : { kind: 'ids', ids };
}

/** The selection as ids, for ways that know no count: the first GPUs of a count, or `all`. */
export function idsOf(selection: GpuSelection): readonly string[] {
  if (selection.kind === 'ids') return selection.ids;
  return selection.kind === 'all' ? ['all'] : Array.from({ length: selection.count }, (_, index) => String(index));
}

function parseOptions(value: string, text: string): Readonly<Record<string, string>> {
  return Object.fromEntries(
    value.split(',').map((field) => {
      const option = splitKeyValue(field);
      if (option.value === undefined) throw flagError(flag, text, `option ${field} has no value; expected name=value`);
      return [option.key, option.value];
    }),
  );
}
