import { spawn } from 'node:child_process';
import { AppError } from '../../errors.js';
import { asRecord, asText } from '../json.js';
import { readDockerConfig, type DockerConfig, type DockerConfigWorld } from './docker-config.js';

/** Credentials for a registry, in the form in which the Docker Engine takes them. */
export interface RegistryAuth {
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  readonly identitytoken?: string | undefined;
  readonly serveraddress: string;
}

/** Runs `docker-credential-NAME get` with a registry on stdin; undefined where it knows none. */
export type AskHelper = (name: string, server: string) => Promise<string | undefined>;

/**
 * Credentials for a registry as the docker CLI finds them: its credential helper, the store, the config file's own entry.
 * Undefined where none is stored. Throws UNAUTHORIZED where a helper fails.
 */
export async function findRegistryAuth(
  server: string,
  world: DockerConfigWorld,
  askHelper: AskHelper = runHelper,
): Promise<RegistryAuth | undefined> {
  const config = await readDockerConfig(world);
  const helper = config.credHelpers[server] ?? config.credsStore;
  if (helper !== '') {
    const answer = await askHelper(helper, server);
    if (answer !== undefined) return parseHelperAnswer(answer, helper, server);
  }
  return parseStored(config, server);
}

function parseHelperAnswer(answer: string, helper: string, server: string): RegistryAuth {
  try {
    const fields = asRecord(JSON.parse(answer));
    const [username, secret] = [asText(fields['Username']), asText(fields['Secret'])];
    if (username === '<token>') return { identitytoken: secret, serveraddress: server };
    return { username, password: secret, serveraddress: server };
  } catch (thrown) {
    throw new AppError('UNAUTHORIZED', `docker-credential-${helper} did not answer with JSON for ${server}.`, {
      cause: thrown,
    });
  }
}

/** The config file's entry: `auth` is base64 of `user:password`. The registry may be written as a URL. */
function parseStored({ auths }: DockerConfig, server: string): RegistryAuth | undefined {
  const bare = (text: string): string => text.replace(/^https?:\/\//, '').replace(/\/.*$/, '');
  const key = Object.hasOwn(auths, server) ? server : Object.keys(auths).find((name) => bare(name) === bare(server));
  const entry = key === undefined ? undefined : auths[key];
  if (entry === undefined) return undefined;
  const token = asText(entry['identitytoken']);
  if (token !== '') return { identitytoken: token, serveraddress: server };
  const text = Buffer.from(asText(entry['auth']), 'base64').toString();
  const colon = text.indexOf(':');
  if (colon < 0) return undefined;
  return { username: text.slice(0, colon), password: text.slice(colon + 1), serveraddress: server };
}

/** Asks a credential helper on PATH. Its "not found" is no failure. */
function runHelper(name: string, server: string): Promise<string | undefined> {
  const program = `docker-credential-${name}`;
  const child = spawn(program, ['get'], { stdio: ['pipe', 'pipe', 'ignore'] });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (part: string) => (text += part));
  child.stdin.on('error', () => undefined);
  child.stdin.end(server);
  return new Promise((resolve, reject) => {
    child.on('error', (error) => {
      const sentence = `The docker config names the credential helper ${program}, which cannot be run: ${error.message}.`;
      reject(new AppError('UNAUTHORIZED', sentence, { cause: error }));
    });
    child.on('close', (code) => {
      if (code === 0) resolve(text);
      else if (/credentials not found/i.test(text)) resolve(undefined);
      else
        reject(
          new AppError(
            'UNAUTHORIZED',
            `${program} failed for ${server}: ${text.trim() || `exit code ${code ?? '?'}`}.`,
          ),
        );
    });
  });
}
