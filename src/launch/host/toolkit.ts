import { known, couldNotAsk, type Fact } from '../facts.js';
import type { HostWorld } from './world.js';

const programs = ['nvidia-ctk', 'nvidia-container-runtime', 'nvidia-container-runtime-hook', 'nvidia-cdi-hook'];
const limitMs = 3000;

/** Finds NVIDIA's container toolkit by its programs on PATH. */
export async function probeToolkit(world: HostWorld): Promise<Fact<readonly string[]>> {
  const results = await Promise.all(programs.map((name) => world.run(name, ['--version'], limitMs)));
  const late = programs.filter((_, index) => results[index]?.kind === 'timeout');
  if (late.length > 0) return couldNotAsk(`${late.join(', ')} did not answer within ${limitMs / 1000} s`);
  const found = programs.flatMap((name, index) => {
    const result = results[index];
    if (result === undefined || result.kind === 'missing') return [];
    const version = result.kind === 'exited' ? /\d+\.\d+\.\d+/.exec(result.stdout)?.[0] : undefined;
    return [version === undefined ? name : `${name} ${version}`];
  });
  return known(found, found.length === 0 ? `none of ${programs.join(', ')} on PATH` : found.join(', '));
}
