import { AppError } from '../../errors.js';
import { parseEndpoint } from '../endpoint.js';
import { asText } from '../json.js';
import { ask, failureOf, readJson } from '../transfer/ask.js';
import type { StoreWorld } from '../world.js';

/** Keys that requests are signed with. */
export interface AwsCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
  /** Where they are from. */
  readonly source: string;
}

/** How S3 is reached. */
export interface AwsSettings {
  /** Undefined: requests are not signed. */
  readonly credentials?: AwsCredentials;
  readonly region: string;
  readonly endpoint?: string;
}

type Section = Readonly<Record<string, string>>;

/**
 * Credentials, region and endpoint where AWS' own tools keep them: the environment, the profile (AWS_PROFILE) of the files
 * `credentials` and `config` in ~/.aws, and the address that a container is given for them.
 */
export async function findAwsCredentials(world: StoreWorld): Promise<AwsSettings> {
  const { env } = world;
  const profile = env['AWS_PROFILE'] ?? 'default';
  const config = await readSection(env['AWS_CONFIG_FILE'], 'config', profile, world);
  const stored = await readSection(env['AWS_SHARED_CREDENTIALS_FILE'], 'credentials', profile, world);
  const credentials =
    fromEnvironment(env) ?? fromProfile({ ...config, ...stored }, profile) ?? (await fromContainer(world));
  const endpoint =
    parseEndpoint('AWS_ENDPOINT_URL_S3', env['AWS_ENDPOINT_URL_S3']) ??
    parseEndpoint('AWS_ENDPOINT_URL', env['AWS_ENDPOINT_URL']) ??
    parseEndpoint(`endpoint_url of the profile ${profile} in ~/.aws`, config['endpoint_url']);
  return {
    ...(credentials === undefined ? {} : { credentials }),
    region: env['AWS_REGION'] ?? env['AWS_DEFAULT_REGION'] ?? config['region'] ?? 'us-east-1',
    ...(endpoint === undefined ? {} : { endpoint }),
  };
}

function fromEnvironment(env: StoreWorld['env']): AwsCredentials | undefined {
  const [accessKeyId = '', secretAccessKey = ''] = [env['AWS_ACCESS_KEY_ID'], env['AWS_SECRET_ACCESS_KEY']];
  if (accessKeyId === '' && secretAccessKey === '') return undefined;
  if (accessKeyId === '' || secretAccessKey === '')
    throw new AppError('USAGE', 'AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY go together: set both, or neither.');
  const token = env['AWS_SESSION_TOKEN'] ?? '';
  return {
    accessKeyId,
    secretAccessKey,
    ...(token === '' ? {} : { sessionToken: token }),
    source: 'AWS_ACCESS_KEY_ID',
  };
}

function fromProfile(section: Section, profile: string): AwsCredentials | undefined {
  const { aws_access_key_id: accessKeyId, aws_secret_access_key: secretAccessKey, aws_session_token: token } = section;
  if (accessKeyId === undefined || secretAccessKey === undefined) return undefined;
  const source = `the profile ${profile} in ~/.aws`;
  return { accessKeyId, secretAccessKey, ...(token === undefined ? {} : { sessionToken: token }), source };
}

/** One profile of an INI file; in `config` other profiles than the default are `[profile NAME]`. */
async function readSection(
  ...[named, file, profile, { homeFolder, readText }]: readonly [string | undefined, string, string, StoreWorld]
): Promise<Section> {
  const text = (await readText(named ?? `${homeFolder}/.aws/${file}`)) ?? '';
  const found: Record<string, string> = {};
  let section = '';
  for (const line of text.split('\n')) {
    section = /^\s*\[\s*(?:profile\s+)?(.+?)\s*\]/.exec(line)?.[1] ?? section;
    const [, key, value] = /^([\w]+)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
    if (section === profile && key !== undefined && value !== undefined) found[key] = value;
  }
  return found;
}

/** What ECS and EKS (pod identities) offer to a container at an address of its own. */
async function fromContainer(world: StoreWorld): Promise<AwsCredentials | undefined> {
  const { env, readText } = world;
  const relative = env['AWS_CONTAINER_CREDENTIALS_RELATIVE_URI'];
  const url = relative === undefined ? env['AWS_CONTAINER_CREDENTIALS_FULL_URI'] : `http://169.254.170.2${relative}`;
  if (url === undefined) {
    if (env['AWS_WEB_IDENTITY_TOKEN_FILE'] === undefined) return undefined;
    const text =
      'AWS_WEB_IDENTITY_TOKEN_FILE (IAM roles for service accounts) is not supported: expected EKS pod identities, AWS_ACCESS_KEY_ID, or a profile in ~/.aws.';
    throw new AppError('USAGE', text);
  }
  const file = env['AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE'];
  const token = (
    (file === undefined ? undefined : await readText(file)) ??
    env['AWS_CONTAINER_AUTHORIZATION_TOKEN'] ??
    ''
  ).trim();
  const response = await ask(world, url, { headers: token === '' ? {} : { authorization: token } });
  const what = `The container's credentials at ${url}`;
  if (response.status !== 200) throw await failureOf(response, what, 'Check the role of the container.');
  const answer = await readJson(response, what);
  return {
    accessKeyId: asText(answer['AccessKeyId']),
    secretAccessKey: asText(answer['SecretAccessKey']),
    sessionToken: asText(answer['Token']),
    source: "the container's role",
  };
}
