import { AppError } from '../../errors.js';
import { parseEndpoint } from '../endpoint.js';
import { asList, asNumber, asRecord, asText } from '../json.js';
import { ask, failureOf, rangeHeaders, readJson } from '../transfer/ask.js';
import type { Digest } from '../transfer/digest.js';
import type { HubLocation } from '../location.js';
import { checkPath, type ListedFile, type Listing } from '../transfer/listing.js';
import type { StoreWorld } from '../world.js';

/** Files that a server of ONNX models reads, beside model files: settings, labels, tokenizers. */
const companion = /^([^/]+|1_Pooling\/[^/]+)\.(json|txt|model)$/i;

/** A model of a Hugging Face hub at one commit: its ONNX file with its weights, and the small files about it. */
export async function listHub(location: HubLocation, world: StoreWorld): Promise<Listing> {
  const { repository, revision, name, shown } = location;
  const endpoint = parseEndpoint('HF_ENDPOINT', world.env['HF_ENDPOINT']) ?? 'https://huggingface.co';
  const headers = authorizationOf(await findToken(world));
  const address = `${endpoint}/api/models/${repository}/revision/${encodeURIComponent(revision)}?blobs=true`;
  const response = await ask(world, address, { headers });
  if (response.status !== 200)
    throw await failureOf(response, shown, 'It is not there, or it asks for a token (HF_TOKEN, or hf auth login).');
  const answer = await readJson(response, shown);
  const commit = asText(answer['sha']);
  if (commit === '') throw new AppError('REQUEST_FAILED', `${endpoint} names no commit of ${shown}.`);
  const siblings = asList(answer['siblings']).map(asRecord);
  const paths = siblings.map((each) => asText(each['rfilename']));
  const { model, notes } = chooseModel(paths, location);
  const fileAt = (path: string, place: string): ListedFile => {
    const url = `${endpoint}/${repository}/resolve/${commit}/${path.split('/').map(encodeURIComponent).join('/')}`;
    return {
      ...describe(siblings[paths.indexOf(path)] ?? {}),
      path: `${name}/${checkPath(place, shown)}`,
      open: (offset) => ask(world, url, { headers: { ...headers, ...rangeHeaders(offset, undefined) } }),
    };
  };
  const folder = model.slice(0, model.lastIndexOf('/') + 1);
  const inner = folder === 'onnx/' ? folder : '';
  const companions = paths.filter((path) => companion.test(path)).map((path) => fileAt(path, path));
  const file = fileAt(model, `${inner}model.onnx`);
  return {
    revision: commit,
    isPinned: true,
    entry: name,
    files: [file, ...companions],
    beside: { model: file.path, find: (path) => fileAt(`${folder}${path}`, `${inner}${path}`) },
    notes,
  };
}

/** Large files are known by SHA-256, small ones by the name that git has for their bytes. */
function describe(sibling: Readonly<Record<string, unknown>>): {
  readonly sizeBytes?: number;
  readonly digest?: Digest;
} {
  const lfs = asRecord(sibling['lfs']);
  const sizeBytes = asNumber(lfs['size'] ?? sibling['size']);
  const [sha256, blob] = [asText(lfs['sha256']), asText(sibling['blobId'])];
  const digest: Digest | undefined =
    sha256 !== ''
      ? { algorithm: 'sha256', hex: sha256 }
      : blob === ''
        ? undefined
        : { algorithm: 'git-blob', hex: blob };
  return {
    ...('size' in sibling || 'size' in lfs ? { sizeBytes } : {}),
    ...(digest === undefined ? {} : { digest }),
  };
}

/** Which of several model files is meant: the one that the location names, else by its usual name. */
function chooseModel(paths: readonly string[], { path, shown }: HubLocation) {
  const models = paths.filter((each) => each.endsWith('.onnx'));
  const below = models.filter((each) => path === '' || each === path || each.startsWith(`${path}/`));
  const usual = [path === '' ? 'onnx/model.onnx' : `${path}/model.onnx`, 'model.onnx'];
  const model = below.length === 1 ? below[0] : below.find((each) => usual.includes(each));
  if (model === undefined) {
    const known = below.length > 0 ? below : models;
    const [first] = known;
    const found =
      first === undefined
        ? 'no ONNX file; export the model, or name another place'
        : `${known.join(', ')}, none of which was named; name one: ${shown.slice(0, shown.length - path.length).replace(/\/+$/, '')}/${first}`;
    throw new AppError('MODEL_INVALID', `${shown} holds ${found}.`);
  }
  const others = models.filter((each) => each !== model);
  const notes = others.length === 0 ? [] : [`${model} was chosen; there are also ${others.join(', ')}`];
  return { model, notes };
}

function authorizationOf(token: string): Readonly<Record<string, string>> {
  return token === '' ? {} : { authorization: `Bearer ${token}` };
}

/** The token where the hub's own tools keep it: HF_TOKEN, the file that HF_TOKEN_PATH names, HF_HOME/token. */
async function findToken({ env, homeFolder, readText }: StoreWorld): Promise<string> {
  const given = env['HF_TOKEN'] ?? env['HUGGING_FACE_HUB_TOKEN'] ?? '';
  if (given !== '') return given.trim();
  const cache = env['XDG_CACHE_HOME'] ?? `${homeFolder}/.cache`;
  const path = env['HF_TOKEN_PATH'] ?? `${env['HF_HOME'] ?? `${cache}/huggingface`}/token`;
  return ((await readText(path)) ?? '').trim();
}
