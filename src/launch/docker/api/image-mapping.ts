import { asLabels, asNumber, asRecord, asText, asTexts, type Json } from '../../../store/json.js';
import { toShortName } from '../reference.js';
import type { ImageDetails, ImageLayer, ImageProgress, ImageSummary } from '../types.js';

const namesIn = (tags: unknown): readonly string[] =>
  asTexts(tags)
    .filter((tag) => !tag.includes('<none>'))
    .map(toShortName);

/** Maps one entry of `GET /images/json`. */
export function parseImageSummary(json: unknown): ImageSummary {
  const entry = asRecord(json);
  const containers = asNumber(entry['Containers']);
  return {
    id: asText(entry['Id']),
    tags: namesIn(entry['RepoTags']),
    createdAtMs: asNumber(entry['Created']) * 1000,
    sizeBytes: asNumber(entry['Size']),
    labels: asLabels(entry['Labels']),
    ...(typeof entry['Containers'] === 'number' && containers >= 0 ? { containers } : {}),
  };
}

/** Maps `GET /images/{name}/json`. */
export function parseImage(json: unknown): ImageDetails {
  const raw = asRecord(json);
  const config = asRecord(raw['Config']);
  const check = asTexts(asRecord(config['Healthcheck'])['Test']);
  return {
    id: asText(raw['Id']),
    tags: namesIn(raw['RepoTags']),
    digests: namesIn(raw['RepoDigests']),
    createdAt: asText(raw['Created']),
    sizeBytes: asNumber(raw['Size']),
    os: asText(raw['Os']),
    architecture: asText(raw['Architecture']),
    labels: asLabels(config['Labels']),
    env: asTexts(config['Env']),
    user: asText(config['User']),
    entrypoint: asTexts(config['Entrypoint']),
    command: asTexts(config['Cmd']),
    exposedPorts: Object.keys(asRecord(config['ExposedPorts'])),
    hasHealthcheck: check.length > 0 && check[0] !== 'NONE',
    raw,
  };
}

/** Maps one entry of `GET /images/{name}/history`, newest first. */
export function parseHistory(json: unknown): ImageLayer {
  const entry = asRecord(json);
  return {
    id: asText(entry['Id']),
    createdAtMs: asNumber(entry['Created']) * 1000,
    createdBy: asText(entry['CreatedBy']),
    sizeBytes: asNumber(entry['Size']),
    comment: asText(entry['Comment']),
  };
}

/** Maps one line of a pull, push or build; undefined where it says nothing to a person. */
export function parseProgress(line: Json): ImageProgress | undefined {
  const text = (asText(line['stream']) || asText(line['status'])).replace(/\s+$/, '');
  if (text === '') return undefined;
  const layer = asText(line['id']);
  const detail = asRecord(line['progressDetail']);
  const [current, total] = [detail['current'], detail['total']];
  return {
    text,
    ...(layer === '' ? {} : { layer }),
    ...(typeof current === 'number' ? { currentBytes: current } : {}),
    ...(typeof total === 'number' ? { totalBytes: total } : {}),
  };
}
