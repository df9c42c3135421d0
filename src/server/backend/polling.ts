import { messageOf } from '../../errors.js';
import type { ModelRepository } from '../../repository/types.js';
import type { Log } from '../log/log.js';
import type { Settings } from '../settings/settings.js';

/** Looks at the models' folder again and again, one look at a time, until the repository is closed. Holds no process open. */
export function startPolling(
  repository: Pick<ModelRepository, 'poll'>,
  { settings, log }: { readonly settings: Settings; readonly log: Log },
): void {
  const look = async (): Promise<void> => {
    try {
      await repository.poll();
    } catch (thrown) {
      if ((thrown as { code?: unknown }).code === 'SHUTTING_DOWN') return;
      log.warn({ reason: messageOf(thrown) }, 'polling the models folder failed');
    }
    schedule();
  };
  const schedule = (): void => {
    setTimeout(() => void look(), settings.pollIntervalMs).unref();
  };
  schedule();
}
