import { bracket } from '../../../protocol/authority.js';
/** How a server that runs but does nothing is told. */
export interface HangRule {
  readonly everyMs: number;
  /** A question that is not answered by then counts. */
  readonly limitMs: number;
  /** Questions in a row that have to stay without an answer. */
  readonly misses: number;
}

/** 45 seconds at most until it is noticed; a server that only works hard answers in them. */
export const usualHangRule: HangRule = { everyMs: 5000, limitMs: 10_000, misses: 3 };

/** What became of one question: any answer, or a refusal of the connection, is a sign of life. */
export type Sign = 'answer' | 'refused' | 'silence';

/** A server that is watched for hanging. */
export interface Watched {
  /** Asks the server. */
  readonly ask: () => Promise<Sign>;
  /** Waits for the next question; answers false once nobody watches any more. */
  readonly pause: () => Promise<boolean>;
}

/** Answers true when a server that had answered once leaves `misses` questions in a row unanswered, false when nobody watches any more. */
export async function hangs({ ask, pause }: Watched, misses: number): Promise<boolean> {
  let hasAnswered = false;
  for (let silent = 0; silent < misses;) {
    if (!(await pause())) return false;
    const sign = await ask();
    hasAnswered ||= sign === 'answer';
    silent = sign === 'silence' && hasAnswered ? silent + 1 : 0;
  }
  return true;
}

/** Asks a server on this machine for whatever it says, by HTTP. */
export async function askForLife(address: { host: string; port: number }, limitMs: number): Promise<Sign> {
  const host = { '0.0.0.0': '127.0.0.1', '::': '::1', '': '127.0.0.1' }[address.host] ?? address.host;
  const url = `http://${bracket(host)}:${address.port}/v2/health/live`;
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(limitMs), redirect: 'manual' });
    await response.body?.cancel();
    return 'answer';
  } catch (thrown) {
    return (thrown as Error).name === 'TimeoutError' ? 'silence' : 'refused';
  }
}
