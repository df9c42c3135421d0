import { mkdir, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { openBrowser } from './browser.js';
import { startServerProcess, type ServerProcess } from './server-process.js';

/** A page of a browser beside a server, and what went wrong in its scripts so far. */
export interface OpenedPage {
  readonly server: ServerProcess;
  readonly page: Page;
  /** The folder for screenshots. */
  readonly shots: string;
  readonly problems: string[];
  close(): Promise<void>;
}

/** Starts a server, with the models that `prepare` puts beside the bundled ones, and a browser with an empty page. */
export async function openPage(
  prepare?: (folder: string) => Promise<void>,
  flags?: readonly string[],
): Promise<OpenedPage> {
  const [server, browser] = await Promise.all([startServerProcess(prepare, flags), openBrowser()]);
  const page = await browser.context.newPage();
  const problems: string[] = [];
  page.on('pageerror', (error) => problems.push(error.message));
  const shots = process.env['SCREENSHOTS'] ?? (await mkdtemp(join(tmpdir(), 'slipway-screenshots-')));
  await mkdir(shots, { recursive: true });
  const close = async (): Promise<void> => {
    await browser.close();
    await server.stop();
  };
  return { server, page, shots, problems, close };
}
