import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { ProviderName } from '../../model/config.js';
import { findOrtFault } from '../ort/ort-faults.js';
import { findBindingFolder, findMissingFiles } from './probe-files.js';
import type { ProviderProof } from '../providers.js';

/** How an execution provider is tried. */
export interface ProbeOptions {
  readonly deviceId?: number;
  readonly timeoutMs?: number;
  /** Environment of the probing process: where libraries and drivers are found. */
  readonly env: NodeJS.ProcessEnv;
  readonly bindingFolder?: string;
}

/**
 * Tries a provider with a tiny session in a process of its own: a driver that crashes takes only that along, what it loads
 * is gone afterwards, and the runtime's stderr, where alone it names a missing library, can be read.
 */
export async function probeProvider(provider: ProviderName, options: ProbeOptions): Promise<ProviderProof> {
  if (provider === 'cpu') return { works: true };
  const bindingFolder = options.bindingFolder ?? findBindingFolder();
  const libraryPath = options.env.LD_LIBRARY_PATH;
  const missing = await findMissingFiles(provider, {
    bindingFolder,
    ...(libraryPath === undefined ? {} : { libraryPath }),
  });
  if (missing !== undefined) return { works: false, reason: missing };
  return trySession(provider, options);
}

function trySession(
  provider: ProviderName,
  { deviceId = 0, timeoutMs = 60_000, env }: ProbeOptions,
): Promise<ProviderProof> {
  const entry = fileURLToPath(new URL('./probe-process.js', import.meta.url));
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [entry, provider, String(deviceId), String(process.pid)],
      { timeout: timeoutMs, env },
      (error, stdout, stderr) => {
        resolve(parseProbe({ stdout, stderr, exit: describeExit(error, timeoutMs) }));
      },
    );
  });
}

function describeExit(
  error: (Error & { code?: unknown; signal?: unknown; killed?: boolean }) | null,
  timeoutMs: number,
): string {
  if (error === null) return 'exit code 0';
  if (error.killed === true) return `no answer in ${timeoutMs} ms`;
  return typeof error.signal === 'string' ? error.signal : `exit code ${String(error.code)}`;
}

/** What the probing process printed and how it ended, as a proof. The fault that stderr names comes before the thrown text. */
export function parseProbe(run: {
  readonly stdout: string;
  readonly stderr: string;
  readonly exit: string;
}): ProviderProof {
  const answer = parseAnswer(run.stdout);
  if (answer?.works === true) return { works: true, isSoftware: answer.isSoftware === true };
  const fault = findOrtFault(run.stderr);
  if (fault !== undefined) return { works: false, reason: `${fault.cause}; to fix: ${fault.fix}` };
  return { works: false, reason: answer?.reason ?? `the probing process ended without an answer: ${run.exit}` };
}

interface ProbeAnswer {
  readonly works: boolean;
  readonly isSoftware?: boolean;
  readonly reason?: string;
}

function parseAnswer(stdout: string): ProbeAnswer | undefined {
  try {
    return JSON.parse(stdout) as ProbeAnswer;
  } catch {
    return undefined;
  }
}
