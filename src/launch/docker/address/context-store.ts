import { createHash } from 'node:crypto';
import { AppError } from '../../../errors.js';
import type { TlsMaterial } from './endpoint.js';
import { asRecord, asText, type Json } from '../api/json.js';

/** What the resolution of an engine's address reads; nothing else of the machine reaches it. */
export interface ContextWorld {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly homeFolder: string;
  readonly platform: NodeJS.Platform;
  /** Undefined where there is no such file. */
  readText(path: string): Promise<string | undefined>;
  exists(path: string): Promise<boolean>;
  /** Names in a folder; empty where there is none. */
  listFolder(path: string): Promise<readonly string[]>;
}

/** Folder of the docker CLI's settings. */
function configFolderOf({ env, homeFolder }: Pick<ContextWorld, 'env' | 'homeFolder'>): string {
  const named = env['DOCKER_CONFIG'] ?? '';
  return named === '' ? `${homeFolder}/.docker` : named;
}

/** The docker CLI's config.json, as far as this launcher uses it. */
export interface DockerConfig {
  readonly currentContext: string;
  readonly credsStore: string;
  /** Helper by registry. */
  readonly credHelpers: Readonly<Record<string, string>>;
  /** Entries of `auths`, by registry. */
  readonly auths: Readonly<Record<string, Json>>;
}

/** Reads config.json; a missing file is an empty one. Throws USAGE where it is no JSON. */
export async function readDockerConfig(world: ContextWorld): Promise<DockerConfig> {
  const path = `${configFolderOf(world)}/config.json`;
  const config = parseJson(await world.readText(path), path);
  const helpers = Object.entries(asRecord(config['credHelpers'])).map(([host, name]) => [host, asText(name)]);
  const auths = Object.entries(asRecord(config['auths'])).map(([host, entry]) => [host, asRecord(entry)]);
  return {
    currentContext: asText(config['currentContext']),
    credsStore: asText(config['credsStore']),
    credHelpers: Object.fromEntries(helpers) as Record<string, string>,
    auths: Object.fromEntries(auths) as Record<string, Json>,
  };
}

function parseJson(text: string | undefined, path: string): Json {
  if (text === undefined || text.trim() === '') return {};
  try {
    return asRecord(JSON.parse(text));
  } catch (thrown) {
    throw new AppError('USAGE', `${path} is not JSON. Correct it, or move it away.`, { cause: thrown });
  }
}

/** Address and certificates of a context out of the docker CLI's store. Throws USAGE with the names that exist. */
export async function openContext(
  name: string,
  source: string,
  world: ContextWorld,
): Promise<{ readonly host: string; readonly tls?: TlsMaterial }> {
  const folder = `${configFolderOf(world)}/contexts`;
  const id = createHash('sha256').update(name).digest('hex');
  const path = `${folder}/meta/${id}/meta.json`;
  const text = await world.readText(path);
  if (text === undefined) {
    const names = await listContexts(world);
    const known = names.length === 0 ? 'only "default"' : ['default', ...names].map((one) => `"${one}"`).join(', ');
    throw new AppError('USAGE', `There is no docker context "${name}" (${source}). There is ${known}.`);
  }
  const endpoint = asRecord(asRecord(parseJson(text, path)['Endpoints'])['docker']);
  const host = asText(endpoint['Host']);
  if (host === '') throw new AppError('USAGE', `The docker context "${name}" holds no engine address (${path}).`);
  const tls = await readPem(`${folder}/tls/${id}/docker`, world);
  const skipVerify = endpoint['SkipTLSVerify'] === true;
  return Object.keys(tls).length === 0 && !skipVerify ? { host } : { host, tls: { ...tls, skipVerify } };
}

/** Names of the contexts in the store, sorted, `default` not among them. */
async function listContexts(world: ContextWorld): Promise<readonly string[]> {
  const folder = `${configFolderOf(world)}/contexts/meta`;
  const texts = await Promise.all(
    (await world.listFolder(folder)).map(async (id) => {
      const path = `${folder}/${id}/meta.json`;
      return asText(parseJson(await world.readText(path), path)['Name']);
    }),
  );
  return texts.filter((name) => name !== '').sort();
}

/** Certificates as DOCKER_CERT_PATH holds them; an empty folder name means the settings folder. */
export async function readTlsFolder(
  folder: string,
  options: { readonly skipVerify: boolean },
  world: ContextWorld,
): Promise<TlsMaterial> {
  return { ...(await readPem(folder === '' ? configFolderOf(world) : folder, world)), ...options };
}

async function readPem(folder: string, world: ContextWorld): Promise<Omit<TlsMaterial, 'skipVerify'>> {
  const [ca, cert, key] = await Promise.all(
    ['ca', 'cert', 'key'].map((name) => world.readText(`${folder}/${name}.pem`)),
  );
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
  };
}
