import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ortEngine } from '../../src/engine/ort/ort.js';
import { findHomeFolder } from '../../src/home-folder.js';
import type { EnvironmentBefore } from '../environment/environment.js';
import { readImages } from '../images/read.js';
import type { BenchSettings, PeersSettings } from '../settings.js';
import { formatPeersPage } from './report/page.js';
import { runPeers } from './run.js';
import { projectRoot } from './hosts/servers.js';
import { formatPeers } from './report/table.js';

/** What a comparison needs from the command. */
export interface PeersSurroundings {
  readonly peers: PeersSettings;
  /** Removed after the run. */
  readonly workplace: string;
  readonly signal: AbortSignal;
  readonly environment: EnvironmentBefore;
  readonly narrate: (line: string) => void;
}

/** Runs the comparison that a command line asks for, prints its tables, writes its files, and answers the exit code. */
export async function comparePeers(settings: BenchSettings, around: PeersSurroundings): Promise<number> {
  const { peers, workplace, environment, signal, narrate } = around;
  const { json, html } = settings.files;
  const report = await runPeers({
    peers: peers.names,
    works: peers.works,
    realModels: peers.realModels,
    ultraface: settings.models[0] ?? process.env['SLIPWAY_TEST_MODEL'],
    environment,
    mode: settings.method.mode,
    threads: Math.max(1, Math.floor(environment.cpuBudget.cpus)),
    images: await readImages(projectRoot),
    startedAt: new Date(),
    env: { ...process.env, TMPDIR: workplace },
    folder: workplace,
    cacheFolder: join(process.env['XDG_CACHE_HOME'] ?? join(findHomeFolder(), '.cache'), 'slipway', 'bench-peers'),
    runtime: ortEngine.version,
    signal,
    narrate,
  });
  process.stdout.write(formatPeers(report));
  if (json !== undefined) await writeFile(json, `${JSON.stringify(report)}\n`);
  if (html !== undefined) await writeFile(html, formatPeersPage(report));
  return 0;
}
