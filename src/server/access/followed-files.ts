import { AppError, messageOf } from '../../errors.js';
import { readRegularFile } from '../../regular-file.js';

/** Files that are read again when they change. */
export interface FollowedFilesOptions {
  readonly paths: readonly string[];
  /** Puts the files' contents to use, whole or not at all; throws where they are not right. */
  readonly take: (contents: readonly Buffer[]) => void;
  /** New contents are in use. */
  readonly onTaken: () => void;
  /** New contents are not right, or cannot be read: those from before stay. Told once. */
  readonly onFault: (reason: string) => void;
}

/** Files whose contents are in use, and are put to use again when they change. */
export class FollowedFiles {
  readonly #options: FollowedFilesOptions;
  #seen: readonly Buffer[] = [];
  #fault = '';

  constructor(options: FollowedFilesOptions) {
    this.#options = options;
  }

  /** The first look. Throws what is wrong. */
  async open(): Promise<void> {
    this.#seen = await this.#read();
    this.#options.take(this.#seen);
  }

  /** Looks whether they changed. Never rejects. */
  async look(): Promise<void> {
    const { take, onTaken, onFault } = this.#options;
    try {
      const now = await this.#read();
      const isChanged = now.some((content, index) => this.#seen[index]?.equals(content) !== true);
      if (!isChanged && this.#fault === '') return;
      take(now);
      this.#seen = now;
      this.#fault = '';
      if (isChanged) onTaken();
    } catch (thrown) {
      const reason = messageOf(thrown);
      if (reason !== this.#fault) onFault(reason);
      this.#fault = reason;
    }
  }

  /** Looks again and again until the end. Holds no process open. */
  follow(intervalMs: number, ending: AbortSignal): void {
    if (ending.aborted) return;
    const timer = setTimeout(() => {
      ending.removeEventListener('abort', end);
      void this.look().then(() => this.follow(intervalMs, ending));
    }, intervalMs).unref();
    const end = (): void => clearTimeout(timer);
    ending.addEventListener('abort', end, { once: true });
  }

  #read(): Promise<readonly Buffer[]> {
    return Promise.all(
      this.#options.paths.map((path) =>
        readRegularFile(path).catch((thrown: unknown) => {
          throw new AppError('USAGE', `${path} cannot be read: ${messageOf(thrown)}.`, { cause: thrown });
        }),
      ),
    );
  }
}

/** How often files with keys and certificates are looked at. */
export const followIntervalMs = 2000;
