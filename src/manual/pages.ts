import { defineProgram as defineLaunch } from '../launch/program.js';
import { defineSlipway } from '../tool/definition.js';
import { buildTool } from '../tool/program.js';
import { lendThisProcess } from '../tool/this-process.js';
import { launchManual } from './launch-manual.js';
import { manPage, type PageSource } from './page.js';
import { slipwayManual } from './slipway-manual.js';

/** Both programs, each with what its page says besides. */
export function readPrograms(): readonly Pick<PageSource, 'program' | 'manual'>[] {
  const tool = buildTool(lendThisProcess(new AbortController().signal), () => undefined);
  return [
    { program: defineSlipway(tool), manual: slipwayManual },
    { program: defineLaunch(), manual: launchManual },
  ];
}

/** The pages by the names of their files. */
export function writePages(edition: Pick<PageSource, 'version' | 'date'>): Readonly<Record<string, string>> {
  return Object.fromEntries(
    readPrograms().map((one) => [`${one.program.path}.1`, manPage({ ...one, ...edition })] as const),
  );
}
