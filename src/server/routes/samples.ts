import { listSamples, readSample, type Asset, type Sample } from '../../playground/index.js';
import type { ModelsPlace } from '../settings/models-place.js';

/** The samples that lie beside a server's models, by the names under which it serves them. */
export interface Samples {
  list(model: string): Promise<readonly Sample[]>;
  read(model: string, name: string): Promise<Asset | undefined>;
}

/** Samples of the models of a place. */
export function samplesOf(place: ModelsPlace | Promise<ModelsPlace>): Samples {
  const find = async (model: string) => {
    const { root, only, servedAs = only } = await place;
    return { root, folder: only ?? model, isServed: servedAs === undefined || servedAs === model };
  };
  return {
    list: async (model) => {
      const { root, folder, isServed } = await find(model);
      return isServed ? listSamples(root, folder) : [];
    },
    read: async (model, name) => {
      const { root, folder, isServed } = await find(model);
      return isServed ? readSample(root, { model: folder, name }) : undefined;
    },
  };
}
