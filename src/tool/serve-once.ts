import { AppError } from '../errors.js';
import type { ToolContext } from './context.js';

/** A server that lasts as long as one command. */
export interface OneCallServer {
  readonly url: string;
  stop(): Promise<void>;
}

/** Serves models in this process on a free port, ready when it resolves. What it decides is said; models that fail are an error that names them. */
export async function serveOnce(models: string, { console, signal }: ToolContext): Promise<OneCallServer> {
  const { serve } = await import('../server/in-process.js');
  const server = await serve({
    models,
    port: 0,
    logLevel: 'warn',
    onLog: ({ message, reason }) =>
      console.warn([message, reason].filter((part) => typeof part === 'string').join(': ')),
  });
  const gone = new Promise<never>((_, reject) => {
    const leave = (): void => reject(new AppError('CLIENT_GONE', 'interrupted'));
    if (signal.aborted) leave();
    else signal.addEventListener('abort', leave, { once: true });
  });
  try {
    await Promise.race([server.ready, gone]);
    return server;
  } catch (thrown) {
    await server.stop();
    throw thrown;
  }
}
