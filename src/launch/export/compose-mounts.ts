import { AppError } from '../../errors.js';
import type { ApiMount, HostConfig } from '../container/spec-types.js';

type ComposeMount = Readonly<Record<string, unknown>>;

/** A container's mounts in Compose's words. Throws USAGE for what they cannot say. */
export function toComposeMounts({ Mounts, Binds }: Pick<HostConfig, 'Mounts' | 'Binds'>): readonly ComposeMount[] {
  return [...Mounts.map(toComposeMount), ...Binds.map(fromBind)];
}

function toComposeMount({ Type, Source, Target, ReadOnly, ...options }: ApiMount): ComposeMount {
  const shared = {
    type: Type,
    ...(Source === undefined ? {} : { source: Source }),
    target: Target,
    ...(ReadOnly ? { read_only: true } : {}),
  };
  if (Type === 'bind') return { ...shared, bind: bindOptions(Target, options.BindOptions) };
  if (Type === 'tmpfs') {
    const { SizeBytes: size, Mode: mode } = options.TmpfsOptions ?? {};
    return { ...shared, ...under('tmpfs', { size, mode }) };
  }
  const { NoCopy: nocopy, Subpath: subpath, Labels, DriverConfig } = options.VolumeOptions ?? {};
  if (Labels !== undefined || DriverConfig !== undefined)
    throw refuse(Target, 'volume-driver, volume-opt and volume-label', 'make the volume by docker volume create');
  return { ...shared, ...under('volume', { nocopy, subpath }) };
}

function bindOptions(target: string, options: ApiMount['BindOptions'] = {}): ComposeMount {
  const { CreateMountpoint, Propagation, ...recursion } = options;
  if (Object.keys(recursion).length > 0) throw refuse(target, 'bind-recursive', 'omit it');
  // Without this a mistyped folder would be made, empty and root's.
  return { create_host_path: CreateMountpoint === true, ...given({ propagation: Propagation }) };
}

/** `source:target:options`, as a folder with an SELinux label is mounted. */
function fromBind(bind: string): ComposeMount {
  const [, source, target, words = ''] = /^(.+?):(\/[^:]*)(?::([^:]*))?$/.exec(bind) ?? [];
  const options = words.split(',');
  const isReadOnly = options.includes('ro') ? { read_only: true } : {};
  const selinux = options.find((word) => /^z$/i.test(word));
  const propagation = options.find((word) => /^r?(shared|slave|private)$/.test(word));
  return {
    type: 'bind',
    source,
    target,
    ...isReadOnly,
    bind: { create_host_path: false, ...given({ selinux, propagation }) },
  };
}

function under(name: string, options: ComposeMount): ComposeMount {
  const said = given(options);
  return Object.keys(said).length === 0 ? {} : { [name]: said };
}

function given(options: ComposeMount): ComposeMount {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}

/** The file's own list of volumes; each keeps the name under which other servers have it. */
export function listVolumes(mounts: readonly ApiMount[]): Readonly<Record<string, { readonly name: string }>> {
  const names = mounts.flatMap(({ Type, Source }) => (Type === 'volume' && Source !== undefined ? [Source] : []));
  return Object.fromEntries(names.map((name) => [name, { name }]));
}

function refuse(target: string, options: string, fix: string): AppError {
  return new AppError('USAGE', `The mount at ${target}: a Compose file does not take ${options}. To fix: ${fix}.`);
}
