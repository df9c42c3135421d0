import type { EngineFacts } from './facts.js';

/** `docker`, with the engine where docker itself would ask another: it reads its variables and contexts, but not launch's flags. */
export function dockerProgram({
  source,
  context,
  url,
}: Pick<EngineFacts, 'source' | 'context' | 'url'>): readonly string[] {
  if (source.startsWith('--context ') && context !== undefined) return ['docker', '--context', context];
  const isDockersChoice = /^(DOCKER_HOST|DOCKER_CONTEXT=|docker context |the default )/.test(source);
  return isDockersChoice ? ['docker'] : ['docker', '-H', url];
}
