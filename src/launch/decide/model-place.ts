import { join } from 'node:path';
import { AppError } from '../../errors.js';
import type { Facts, PathState } from '../facts/facts.js';
import type { BindMount } from '../request/flags/mount-types.js';
import type { LaunchRequest } from '../request/request.js';

/** The targets at which the server looks for models, in this order; then come the image's own. */
const places = ['/srv/models', '/srv'] as const;

/** What is known of a path on the engine's host; undefined where it could not be asked. */
function stateOf(path: string, { paths }: Facts): PathState | undefined {
  const fact = paths[path];
  return fact?.state === 'known' ? fact.value : undefined;
}

/** Names of the models in a folder; undefined where nobody could look. */
function modelsIn(path: string, facts: Facts): readonly string[] | undefined {
  const state = stateOf(path, facts);
  if (state?.kind === 'missing') return [];
  return state?.kind === 'folder' ? (state.models ?? []) : undefined;
}

function mountsOf({ container }: LaunchRequest): readonly BindMount[] {
  return container.mounts.flatMap((mount) => (mount.type === 'bind' ? [mount] : []));
}

function at(request: LaunchRequest, target: string): BindMount | undefined {
  return mountsOf(request).find((mount) => mount.target.replace(/(.)\/+$/, '$1') === target);
}

/** The folder of this machine that holds the models that are mounted: at /srv/models, in /srv/models, at /srv itself; undefined: the bundled ones. */
export function findModelFolder(request: LaunchRequest, facts: Facts): string | undefined {
  const own = at(request, places[0])?.source;
  const folder = at(request, places[1])?.source;
  if (own !== undefined || folder === undefined) return own;
  const below = join(folder, 'models');
  const [inner, outer] = [modelsIn(below, facts) ?? [], modelsIn(folder, facts) ?? []];
  if (inner.length > 0 || outer.length > 0) return inner.length > 0 ? below : folder;
  return stateOf(below, facts)?.kind === 'folder' ? below : folder;
}

/** Whether the user says himself where the server finds models, or that they come later. */
function isToldOtherwise({ container, serverArgs }: LaunchRequest): boolean {
  const { SLIPWAY_MODELS: models = '', SLIPWAY_MODEL_CONTROL_MODE: mode = '' } = container.env;
  if (models !== '' || /^(poll|explicit)$/.test(mode)) return true;
  return serverArgs.some((arg, index) => {
    if (/^--models(=|$)/.test(arg) || /^--model-control-mode=(poll|explicit)$/.test(arg)) return true;
    return serverArgs[index - 1] === '--model-control-mode' && /^(poll|explicit)$/.test(arg);
  });
}

/** Refuses a mount that brings no models where some are looked for, or brings them where none are. Throws USAGE. */
export function checkModels(request: LaunchRequest, facts: Facts): void {
  if (request.mode === 'shell' || request.image !== undefined || isToldOtherwise(request)) return;
  const mounts = mountsOf(request);
  const isLookedAt = (target: string): boolean => target === '/srv' || /^\/srv\/models(\/|$)/.test(target);
  for (const mount of mounts) {
    if (mount.createSource && stateOf(mount.source, facts)?.kind === 'missing') continue;
    if (stateOf(mount.source, facts)?.kind === 'file') checkFile(mount);
    else if (places.some((place) => at(request, place) === mount)) checkFolder(mount, request, facts);
    else if (!mounts.some(({ target }) => isLookedAt(target))) checkElsewhere(mount, facts);
  }
}

function checkFolder({ source, target }: BindMount, request: LaunchRequest, facts: Facts): void {
  const places = target === '/srv' ? [source, join(source, 'models')] : [source];
  const found = places.map((place) => modelsIn(place, facts));
  if (found.some((names) => names === undefined || names.length > 0)) return;
  // Models that other mounts put below count too, and a folder beside a mount of models only lends its files.
  const others = mountsOf(request).filter((mount) => mount.source !== source);
  if (others.some((mount) => /^\/srv\/models(\/|$)/.test(mount.target)) || hasVolume(request)) return;
  const where = target === '/srv' ? `${source} or ${join(source, 'models')}` : source;
  throw new AppError(
    'USAGE',
    `--mount ${source}:${target}: there is no model in ${where}.\n  fix: put one there as NAME/model.onnx or NAME.onnx, or omit the mount to serve the bundled models; models that come later: -- --model-control-mode poll`,
    { details: { path: source } },
  );
}

function hasVolume({ container }: LaunchRequest): boolean {
  return container.mounts.some(({ type, target }) => type === 'volume' && /^\/srv(\/models)?(\/|$)/.test(target));
}

function checkFile({ source, target }: BindMount): void {
  if (target !== '/srv' && target !== '/srv/models') return;
  const name = source.split(/[\\/]/).at(-1) ?? '';
  throw new AppError(
    'USAGE',
    `--mount ${source}:${target}: ${source} is a file, and models are looked for in a folder.\n  fix: --mount ${source}:/srv/models/${name.endsWith('.onnx') ? name : 'NAME.onnx'}`,
    { details: { path: source } },
  );
}

function checkElsewhere({ source, target }: BindMount, facts: Facts): void {
  const [outer, inner] = [source, join(source, 'models')];
  const folder = [outer, inner].find((path) => (modelsIn(path, facts) ?? []).length > 0);
  if (folder === undefined) return;
  const inside = folder === outer ? target : `${target.replace(/\/$/, '')}/models`;
  throw new AppError(
    'USAGE',
    `--mount ${source}:${target}: it holds models (${(modelsIn(folder, facts) ?? []).slice(0, 3).join(', ')}), but they are looked for at /srv/models and /srv.\n  fix: --mount ${folder}:/srv/models, or add -e SLIPWAY_MODELS=${inside}`,
    { details: { path: source } },
  );
}
