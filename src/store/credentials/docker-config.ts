import { AppError } from '../../errors.js';
import { asRecord, asText, type Json } from '../json.js';

/** What is read of the machine for the docker CLI's settings. */
export interface DockerConfigWorld {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly homeFolder: string;
  /** Undefined where there is no such file. */
  readonly readText: (path: string) => Promise<string | undefined>;
}

/** Folder of the docker CLI's settings. */
export function configFolderOf({ env, homeFolder }: Pick<DockerConfigWorld, 'env' | 'homeFolder'>): string {
  const named = env['DOCKER_CONFIG'] ?? '';
  return named === '' ? `${homeFolder}/.docker` : named;
}

/** The docker CLI's config.json, as far as it is used here. */
export interface DockerConfig {
  readonly currentContext: string;
  readonly credsStore: string;
  /** Helper by registry. */
  readonly credHelpers: Readonly<Record<string, string>>;
  /** Entries of `auths`, by registry. */
  readonly auths: Readonly<Record<string, Json>>;
}

/** Reads config.json; a missing file is an empty one. Throws USAGE where it is no JSON. */
export async function readDockerConfig(world: DockerConfigWorld): Promise<DockerConfig> {
  const path = `${configFolderOf(world)}/config.json`;
  const config = parseDockerJson(await world.readText(path), path);
  const helpers = Object.entries(asRecord(config['credHelpers'])).map(([host, name]) => [host, asText(name)]);
  return {
    currentContext: asText(config['currentContext']),
    credsStore: asText(config['credsStore']),
    credHelpers: Object.fromEntries(helpers) as Record<string, string>,
    auths: parseAuths(config),
  };
}

/** The entries of `auths` in config.json or in DOCKER_AUTH_CONFIG. */
export function parseAuths(config: Json): DockerConfig['auths'] {
  return Object.fromEntries(Object.entries(asRecord(config['auths'])).map(([host, entry]) => [host, asRecord(entry)]));
}

/** A file of the docker CLI's; an empty or absent one is an empty object. Throws USAGE where it is no JSON. */
export function parseDockerJson(text: string | undefined, path: string): Json {
  if (text === undefined || text.trim() === '') return {};
  try {
    return asRecord(JSON.parse(text));
  } catch (thrown) {
    throw new AppError('USAGE', `${path} is not JSON. Correct it, or move it away.`, { cause: thrown });
  }
}
