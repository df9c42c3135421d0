import { AppError } from '../../errors.js';
import type { GpuSelection } from '../request/flags/gpus.js';
import type { ContainerVariant } from '../labels.js';

/** One server of a Compose file. */
export interface ComposeService {
  readonly name: string;
  /** Folder to mount at /srv, as the file is to name it: `./models`; undefined serves the bundled models. */
  readonly folder?: string;
  readonly isReadOnly: boolean;
  readonly hostPort: number;
}

/** How a GPU reaches the containers; the ways of docker itself. */
export type ComposeGpuPath = 'gpus' | 'cdi' | 'runtime';

export const composeGpuPaths: readonly ComposeGpuPath[] = ['gpus', 'cdi', 'runtime'];

/** What a Compose file is to hold. */
export interface ComposeRequest {
  readonly project: string;
  readonly variant: ContainerVariant;
  readonly image: string;
  /** Context and Dockerfile, to build the image where it is missing. */
  readonly build?: { readonly context: string; readonly dockerfile: string };
  readonly services: readonly ComposeService[];
  readonly network: string;
  /** Address of the host that the ports are published on. */
  readonly hostIp: string;
  readonly env: Readonly<Record<string, string>>;
  readonly gpu?: { readonly path: ComposeGpuPath; readonly selection: GpuSelection };
}

const namePattern = /^[a-z0-9][a-z0-9_-]*$/;

/** Reads `name`, `name=folder` and `name=folder:rw`; ports count up from `firstPort`. Throws USAGE. */
export function parseServices(operands: readonly string[], firstPort: number): readonly ComposeService[] {
  const texts = operands.length === 0 ? ['slipway'] : operands;
  const services = texts.map((text, index) => parseService(text, firstPort + index));
  const twice = services.find(({ name }, index) => services.findIndex((other) => other.name === name) < index);
  if (twice !== undefined) throw usage(`The service ${twice.name} is named twice. Give each a name of its own.`);
  const beyond = services.find(({ hostPort }) => hostPort > 65_535);
  if (beyond !== undefined) throw usage(`${beyond.name} would get port ${beyond.hostPort}. Choose a lower --port.`);
  return services;
}

function parseService(text: string, hostPort: number): ComposeService {
  const at = text.indexOf('=');
  const name = at < 0 ? text : text.slice(0, at);
  if (!namePattern.test(name)) {
    const expected = 'Expected NAME or NAME=FOLDER, the name of lower-case letters, digits, - and _';
    throw usage(`"${text}" is no service. ${expected}: digits=./my-models`);
  }
  if (at < 0) return { name, isReadOnly: true, hostPort };
  const [, folder = '', mode] = /^(.*?)(?::(ro|rw))?$/.exec(text.slice(at + 1)) ?? [];
  if (folder === '') throw usage(`"${text}" names no folder. Expected NAME=FOLDER: ${name}=.`);
  return { name, folder, isReadOnly: mode !== 'rw', hostPort };
}

function usage(text: string): AppError {
  return new AppError('USAGE', text);
}
