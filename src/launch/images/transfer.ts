import { messageOf } from '../../errors.js';
import type { Console } from '../text/console.js';
import type { LaunchContext } from '../context.js';
import type { Cancelable, DockerGateway, TransferOptions } from '../docker/gateway.js';
import { readWorld } from '../docker/open.js';
import { explainTransfer } from '../failures/explain.js';
import { parseReference } from '../docker/reference.js';
import { findRegistryAuth, type RegistryAuth } from '../../store/credentials/registry-auth.js';
import type { ImageProgress } from '../docker/types.js';
import { formatBytes } from '../cli/format.js';

/** Shows a pull or push: on a terminal one line that moves, else a line a layer's change of state. */
function showTransfer(verb: string, ref: string, console: Console): (progress: ImageProgress) => void {
  const layers = new Map<string, ImageProgress>();
  const said = new Set<string>();
  return (progress) => {
    const { layer, text, totalBytes } = progress;
    if (layer !== undefined && totalBytes !== undefined) layers.set(layer, progress);
    if (layer !== undefined && /complete|exists|^Pushed/i.test(text)) finish(layers, layer);
    const line = layer === undefined ? text : `${layer}: ${text}`;
    if (!said.has(line) && totalBytes === undefined) console.progress(line);
    if (layers.size > 0) console.progress(`${verb} ${ref}: ${summarize([...layers.values()])}`);
    if (layer === undefined && !said.has(line)) console.note(line);
    said.add(line);
  };
}

function finish(layers: Map<string, ImageProgress>, layer: string): void {
  const before = layers.get(layer);
  if (before?.totalBytes !== undefined) layers.set(layer, { ...before, currentBytes: before.totalBytes });
}

function summarize(layers: readonly ImageProgress[]): string {
  const total = layers.reduce((sum, { totalBytes = 0 }) => sum + totalBytes, 0);
  const current = layers.reduce((sum, { currentBytes = 0 }) => sum + currentBytes, 0);
  const cells = 20;
  const filled = total === 0 ? 0 : Math.min(cells, Math.floor((current / total) * cells));
  return `${'█'.repeat(filled)}${'░'.repeat(cells - filled)} ${formatBytes(current)} of ${formatBytes(total)}`;
}

/** Credentials of the image's registry out of the docker CLI's settings, and progress on the console. */
export async function transferOptions(
  verb: string,
  ref: string,
  { docker, context }: { readonly docker: DockerGateway; readonly context: LaunchContext },
): Promise<TransferOptions> {
  const server = parseReference(ref).registry ?? (await docker.info()).indexServer;
  const auth = server === undefined ? undefined : await findAuth(server, context);
  return { onProgress: showTransfer(verb, ref, context.console), ...(auth === undefined ? {} : { auth }) };
}

/** As the docker CLI does it: credentials that cannot be had keep nobody from an image that is public. */
async function findAuth(server: string, context: LaunchContext): Promise<RegistryAuth | undefined> {
  try {
    return await findRegistryAuth(server, readWorld(context));
  } catch (thrown) {
    context.console.warn(`${messageOf(thrown)} Going on without credentials for ${server}.`);
    return undefined;
  }
}

/** Pushes an image with the user's credentials, progress shown. */
export async function pushImage(docker: DockerGateway, ref: string, context: LaunchContext): Promise<void> {
  const options = await transferOptions('pushing', ref, { docker, context });
  await docker.images.push(ref, options).catch(rethrowTransfer);
}

interface Pulled extends Cancelable {
  readonly docker: DockerGateway;
  readonly context: LaunchContext;
  readonly platform?: string | undefined;
}

/** Pulls an image with the user's credentials, progress shown. Throws IMAGE_MISSING, with cause and fix where they are known. */
export async function pullImage(ref: string, { docker, context, platform, signal }: Pulled): Promise<void> {
  const options = await transferOptions('pulling', ref, { docker, context });
  // It may take hours, and so has no limit of its own: an engine that hangs is noticed before.
  await docker.ping();
  await docker.images.pull(ref, { ...options, platform, signal }).catch(rethrowTransfer);
}

function rethrowTransfer(thrown: unknown): never {
  throw explainTransfer(thrown);
}
