import { spawn } from 'node:child_process';
import { AppError } from '../../errors.js';
import { asRecord, asText } from '../json.js';
import {
  parseAuths,
  parseDockerJson,
  readDockerConfig,
  type DockerConfig,
  type DockerConfigWorld,
} from './docker-config.js';

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
 * Credentials for a registry as the docker CLI finds them: DOCKER_AUTH_CONFIG, its credential helper, the store, the config file's own
 * entry. Undefined where none is stored. Throws UNAUTHORIZED where a helper fails or does not answer.
 */
export async function findRegistryAuth(
  server: string,
  world: DockerConfigWorld,
  askHelper: AskHelper = runHelper,
): Promise<RegistryAuth | undefined> {
  const ofVariable = parseAuths(parseDockerJson(world.env['DOCKER_AUTH_CONFIG'], 'DOCKER_AUTH_CONFIG'));
  const given = parseStored(ofVariable, server);
  if (given !== undefined) return given;
  const config = await readDockerConfig(world);
  const helper = config.credHelpers[server] ?? config.credsStore;
  if (helper !== '') {
    const answer = await askHelper(helper, server);
    const found = answer === undefined ? undefined : parseHelperAnswer(answer, helper, server);
    if (found !== undefined) return found;
  }
  return parseStored(config.auths, server);
}

function parseHelperAnswer(answer: string, helper: string, server: string): RegistryAuth | undefined {
  try {
    const fields = asRecord(JSON.parse(answer));
    const [username, secret] = [asText(fields['Username']), asText(fields['Secret'])];
    if (username === '' && secret === '') return undefined;
    if (username === '<token>') return { identitytoken: secret, serveraddress: server };
    return { username, password: secret, serveraddress: server };
  } catch (thrown) {
    throw new AppError('UNAUTHORIZED', `docker-credential-${helper} did not answer with JSON for ${server}.`, {
      cause: thrown,
    });
  }
}

/** An entry of `auths`: `auth` is base64 of `user:password`, or both stand there plainly. The registry may be written as a URL. */
function parseStored(auths: DockerConfig['auths'], server: string): RegistryAuth | undefined {
  const bare = (text: string): string => text.replace(/^https?:\/\//, '').replace(/\/.*$/, '');
  const key = Object.hasOwn(auths, server) ? server : Object.keys(auths).find((name) => bare(name) === bare(server));
  const entry = key === undefined ? undefined : auths[key];
  if (entry === undefined) return undefined;
  const token = asText(entry['identitytoken']);
  if (token !== '') return { identitytoken: token, serveraddress: server };
  const encoded = asText(entry['auth']);
  const [username, password] = [asText(entry['username']), asText(entry['password'])];
  if (encoded === '' && username === '') return undefined;
  const text = encoded === '' ? `${username}:${password}` : Buffer.from(encoded, 'base64').toString();
  const colon = text.indexOf(':');
  if (colon < 0) return undefined;
  return { username: text.slice(0, colon), password: text.slice(colon + 1), serveraddress: server };
}

/** Time in which a helper may ask for a password. */
const helperLimitMs = 60_000;

/** Asks a credential helper on PATH. Its "not found" is no failure; one that does not answer within the limit is ended. */
export function runHelper(name: string, server: string, limitMs = helperLimitMs): Promise<string | undefined> {
  const program = `docker-credential-${name}`;
  const child = spawn(program, ['get'], { stdio: ['pipe', 'pipe', 'pipe'] });
  let [text, complaint] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (part: string) => (text += part));
  child.stderr.setEncoding('utf8').on('data', (part: string) => (complaint = (complaint + part).slice(-2000)));
  child.stdin.on('error', () => undefined);
  child.stdin.end(server);
  return new Promise((resolve, reject) => {
    const fail = (what: string, cause?: unknown): void => {
      clearTimeout(timer);
      const sentence = `The docker config names the credential helper ${program}, which ${what}.`;
      reject(new AppError('UNAUTHORIZED', `${sentence} Repair it, or take it out of config.json.`, { cause }));
    };
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      // A program of its own, such as one that asks for a password, may still hold them.
      for (const pipe of [child.stdout, child.stderr]) pipe.destroy();
      fail(`did not answer for ${server} within ${limitMs / 1000} s`);
    }, limitMs);
    child.on('error', (error) => fail(`cannot be run: ${error.message}`, error));
    child.on('close', (code) => {
      clearTimeout(timer);
      if (code === 0) resolve(text);
      else if (/credentials not found/i.test(text + complaint)) resolve(undefined);
      else fail(`failed for ${server}: ${firstLine(text) || firstLine(complaint) || `exit code ${code ?? 'none'}`}`);
    });
  });
}

function firstLine(text: string): string {
  return text.trim().split('\n')[0]?.replace(/\.$/, '') ?? '';
}
