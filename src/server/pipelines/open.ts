import { randomBytes } from 'node:crypto';
import { resolve } from 'node:path';
import type { Codec } from '../codec/codec.js';
import type { Lifecycle } from '../lifecycle.js';
import type { ServeOptions } from '../serve-options.js';
import { Pipelines } from './pipelines.js';
import { createStepKeys } from './remote/step-keys.js';

/** What pipelines are made of. */
export interface PipelineParts {
  readonly options: ServeOptions;
  readonly lifecycle: Lifecycle;
  readonly codec: Codec;
}

/** The pipelines of a server, of which none is known yet. */
export function openPipelines({ options, lifecycle, codec }: PipelineParts): Pipelines {
  const { settings, env, log, ownNames, models } = options;
  return new Pipelines({
    place: async () => {
      const { root, only, servedAs, homes } = await models;
      return { root, only, servedAs, homes: [root, ...homes, ...settings.allowLinksTo.map((path) => resolve(path))] };
    },
    keys: createStepKeys(env),
    log,
    isModel: (name) => lifecycle.repository.has(name),
    findModelProblem: (name, version) => findModelProblem(lifecycle, name, version),
    ownNames: [settings.host, ownNames.hostName],
    onChange: () => lifecycle.changed(),
    host: {
      serverId: randomBytes(9).toString('base64url'),
      codec,
      mostAnswerBytes: settings.limits.bodyBytes,
      getModel: (name, version) => lifecycle.repository.get(name, version),
    },
  });
}

function findModelProblem({ repository }: Lifecycle, name: string, version: string | undefined) {
  if (repository.ready().some((model) => model.name === name && (version ?? model.version) === model.version)) {
    return undefined;
  }
  const entry = repository.index().find((one) => one.name === name && (version ?? one.version) === one.version);
  if (entry === undefined) return { reason: 'there is no such model in the model repository', isFinal: true };
  return { reason: entry.reason === '' ? 'it is being loaded' : entry.reason, isFinal: entry.state !== 'LOADING' };
}
