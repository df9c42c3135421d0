import { AppError } from '../../errors.js';
import { parseModelJson } from '../../model/parse-config.js';
import type { ThreadBudget } from '../../resources/types.js';

/** Throws INVALID_INPUT where the settings of a load call ask for more than the server may use; the files of a model are its operator's. */
export function checkOverride(configText: string, { cpus, workers }: Pick<ThreadBudget, 'cpus' | 'workers'>): void {
  const { execution, instances } = parseModelJson(configText);
  const most = Math.max(1, Math.floor(cpus));
  refuseAbove('execution.intraOpThreads', execution?.intraOpThreads, most);
  refuseAbove('instances.perGpu', instances?.perGpu, Math.max(most, workers));
  refuseAbove('instances.cpu', instances?.cpu, Math.max(most, workers));
}

function refuseAbove(name: string, value: number | 'auto' | undefined, most: number): void {
  if (typeof value !== 'number' || value <= most) return;
  throw new AppError(
    'INVALID_INPUT',
    `${name} ${value} is more than this server may use: expected ${most} at most. Ask for less, or give the server more CPUs.`,
  );
}
