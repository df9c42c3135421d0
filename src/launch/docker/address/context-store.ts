import { createHash } from 'node:crypto';
import { AppError } from '../../../errors.js';
import { omitUndefined } from '../../../omit-undefined.js';
import type { TlsMaterial } from './endpoint.js';
import { configFolderOf, parseDockerJson, type DockerConfigWorld } from '../../../store/credentials/docker-config.js';
import { asRecord, asText } from '../../../store/json.js';

/** What the resolution of an engine's address reads; nothing else of the machine reaches it. */
export interface ContextWorld extends DockerConfigWorld {
  readonly platform: NodeJS.Platform;
  /** Whether a socket is there that this user may use. */
  canUse(path: string): Promise<boolean>;
  /** Names in a folder; empty where there is none. */
  listFolder(path: string): Promise<readonly string[]>;
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
  const endpoint = asRecord(asRecord(parseDockerJson(text, path)['Endpoints'])['docker']);
  const host = asText(endpoint['Host']);
  if (host === '') {
    const text = `The docker context "${name}" has no engine address (${path}). Make it anew: docker context rm -f ${name}, then docker context create ${name} --docker host=...`;
    throw new AppError('USAGE', text);
  }
  const tls = await readPem(`${folder}/tls/${id}/docker`, world);
  const skipVerify = endpoint['SkipTLSVerify'] === true;
  return Object.keys(tls).length === 0 && !skipVerify ? { host } : { host, tls: { ...tls, skipVerify } };
}

/** Names of the contexts in the store that can be read, sorted, `default` not among them. */
async function listContexts(world: ContextWorld): Promise<readonly string[]> {
  const folder = `${configFolderOf(world)}/contexts/meta`;
  const texts = await Promise.allSettled(
    (await world.listFolder(folder)).map(async (id) => {
      const path = `${folder}/${id}/meta.json`;
      return asText(parseDockerJson(await world.readText(path), path)['Name']);
    }),
  );
  return texts
    .map((text) => (text.status === 'fulfilled' ? text.value : ''))
    .filter((name) => name !== '')
    .sort();
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
  return omitUndefined({ ca, cert, key });
}
