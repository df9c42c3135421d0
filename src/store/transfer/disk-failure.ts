import { AppError } from '../../errors.js';

/** Why a disk takes no more, by the system's code. */
const reasons: Readonly<Record<string, string>> = {
  ENOSPC: 'no space is left on its disk',
  EDQUOT: 'the quota there is used up',
  EFBIG: 'its file system takes no file so large',
  EROFS: 'its file system is read-only',
  EACCES: 'this user may not write there',
  EPERM: 'this user may not write there',
};

/** Whether the disk is to blame, and not what was to be written. */
export function isDiskFailure(thrown: unknown): boolean {
  return reasonOf(thrown) !== undefined;
}

/** A failure to write models into a folder, as REQUEST_FAILED with what to do; any other one as it was thrown. */
export function diskFailure(thrown: unknown, folder: string): unknown {
  const reason = reasonOf(thrown);
  if (reason === undefined) return thrown;
  const text = `Models cannot be written to ${folder}: ${reason}. Make room there, or name a folder elsewhere (--cache-dir, --to). The next pull continues with what has arrived.`;
  return new AppError('REQUEST_FAILED', text, { cause: thrown });
}

function reasonOf(thrown: unknown): string | undefined {
  const { code, syscall } = (thrown ?? {}) as NodeJS.ErrnoException;
  return syscall === undefined ? undefined : reasons[code ?? ''];
}
