import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { KeyRing, parseKeys } from '../../src/server/access/keys.js';
import { parseArguments } from '../../src/server/settings/args.js';
import { createLog } from '../../src/server/log/log.js';
import { startServer, type RunningServer } from '../../src/server/serve.js';
import { omitUndefined } from '../../src/omit-undefined.js';
import type { TestCertificate } from './certificates.js';
import { putModel } from './models.js';

export interface TestServer {
  readonly server: RunningServer;
  readonly url: string;
  /** The repository folder. */
  readonly folder: string;
  /** The keys that open it. */
  readonly keys: KeyRing;
  /** Log lines so far, parsed. */
  readonly lines: readonly Readonly<Record<string, unknown>>[];
}

export interface TestServerOptions {
  /** A models folder that is there already, instead of one of its own. */
  readonly folder?: string;
  readonly models?: readonly Parameters<typeof putModel>[1][];
  /** Files beside the models, by path below the folder. */
  readonly files?: Readonly<Record<string, string>>;
  readonly flags?: readonly string[];
  readonly keys?: readonly string[];
  /** Serves over TLS with it. */
  readonly certificate?: TestCertificate;
}

/** A whole server in this process on a free port, open to management: real threads, real runtime, real sockets. `stop` removes its folder too. */
export async function openTestServer(options: TestServerOptions = {}): Promise<TestServer & { stop(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'slipway-server-test-'));
  for (const model of options.models ?? []) await putModel(folder, model);
  for (const [path, text] of Object.entries(options.files ?? {})) await writeFile(join(folder, path), text);
  const lines: Readonly<Record<string, unknown>>[] = [];
  const flags = ['--port', '0', '--execution-provider', 'cpu', '--management=yes', ...(options.flags ?? [])];
  const invocation = parseArguments(flags, { env: {}, version: '0', readText: () => '{}', exists: () => false });
  if (invocation.kind !== 'serve') throw new Error(JSON.stringify(invocation));
  const { settings } = invocation;
  const keys = new KeyRing(parseKeys((options.keys ?? []).join('\n')));
  const isTerminal = false;
  const { certificate } = options;
  const tls = certificate && {
    asksForCertificate: false,
    context: () => ({ cert: certificate.cert, key: certificate.key }),
    onChange: () => undefined,
  };
  const server = await startServer({
    settings,
    models: { root: options.folder ?? folder, homes: [] },
    cacheFolder: join(folder, '.cache'),
    temporaryFolder: tmpdir(),
    keys,
    ...omitUndefined({ tls }),
    ownNames: { hostName: 'machine', searchDomains: [] },
    version: '0',
    processTag: 'test',
    budget: { cpus: 2, source: 'test', workers: 2, intraOpThreads: 1, codecThreads: 1, imageThreads: 1, ioThreads: 4 },
    requestMemoryBytes: settings.limits.requestMemory === 'auto' ? 2 ** 30 : settings.limits.requestMemory,
    env: process.env,
    log: createLog(settings.log, {
      isTerminal,
      write: (line) => lines.push(JSON.parse(line) as Record<string, unknown>),
    }),
    clock: () => Date.now(),
    onStuck: (what) => {
      throw new Error(what);
    },
    onWornOut: (what) => {
      throw new Error(what);
    },
  });
  await server.loaded;
  const stop = async (): Promise<void> => {
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  };
  const url = certificate === undefined ? server.url : server.url.replace('http:', 'https:');
  return { server, url, folder, keys, lines, stop };
}

/** The same for one test, ended with it. */
export async function serveFor(context: TestContext, options: TestServerOptions): Promise<TestServer> {
  const opened = await openTestServer(options);
  context.after(() => opened.stop());
  return opened;
}
