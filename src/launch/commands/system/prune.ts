import type { Command } from 'commander';
import { messageOf } from '../../../errors.js';
import type { LaunchContext } from '../../context.js';
import { askFor } from '../../cli/consent.js';
import { openFleet } from '../../fleet/fleet.js';
import { formatBytes } from '../../cli/format.js';
import { findPruneCandidates, type PruneCandidate } from '../../fleet/prune-candidates.js';
import { formatTable } from '../../text/table.js';
import { addEngineOptions, wantsJson } from '../../cli/engine-flags.js';

interface PruneOptions {
  readonly images?: boolean;
  readonly volumes?: boolean;
  readonly buildCache?: boolean;
  readonly dryRun?: boolean;
  readonly yes?: boolean;
}

/** `launch prune`: removes what launch made and nothing uses, after saying what and how much. */
export function register(program: Command, context: LaunchContext): void {
  addEngineOptions(program.command('prune'))
    .description('remove ended servers, untagged images and unused networks that launch made')
    .option('--images', 'also tagged images that no container uses')
    .option('--volumes', 'also volumes that no container uses')
    .option('--build-cache', "also the engine's whole unused build cache")
    .option('-n, --dry-run', 'only show what would be removed')
    .option('-y, --yes', 'do not ask')
    .action(async (options: PruneOptions, command: Command) => {
      const fleet = await openFleet(command, context);
      const candidates = await findPruneCandidates(fleet, {
        images: options.images === true,
        volumes: options.volumes === true,
        buildCache: options.buildCache === true,
      });
      const json = wantsJson(command);
      if (!json) announce(candidates, context);
      const isMeant =
        options.dryRun !== true &&
        candidates.length > 0 &&
        (options.yes === true || (await askFor(context, { ...removal, json })));
      const removed = isMeant ? await removeAll(candidates, context) : [];
      if (json) context.console.json({ found: candidates.map(plain), removed: removed.map(plain) });
      else if (isMeant) context.console.ok(`Removed ${countOf(removed)}, ${formatBytes(totalOf(removed))}.`);
    });
}

function plain({ kind, name, bytes }: PruneCandidate): object {
  return { kind, name, bytes: bytes ?? 0 };
}

const totalOf = (items: readonly PruneCandidate[]): number => items.reduce((sum, { bytes = 0 }) => sum + bytes, 0);
const countOf = (items: readonly PruneCandidate[]): string =>
  `${items.length} ${items.length === 1 ? 'thing' : 'things'}`;

function announce(candidates: readonly PruneCandidate[], { console }: LaunchContext): void {
  if (candidates.length === 0) {
    console.note('Nothing to remove.');
    return;
  }
  const rows = candidates.map(({ kind, name, bytes }) => [kind, name, bytes === undefined ? '-' : formatBytes(bytes)]);
  console.result(formatTable(['WHAT', 'NAME', 'SIZE'], rows));
  console.note(
    `${countOf(candidates)}, up to ${formatBytes(totalOf(candidates))}; layers that images share are counted once each.`,
  );
}

const removal = {
  text: 'Remove them?',
  otherwise: 'Nothing was removed: there is no terminal to ask on. Add --yes, or --dry-run to only look.',
};

/** Containers first: what they used can go after them. */
async function removeAll(
  candidates: readonly PruneCandidate[],
  { console }: LaunchContext,
): Promise<readonly PruneCandidate[]> {
  const removed: PruneCandidate[] = [];
  for (const item of candidates) {
    try {
      await item.remove();
      removed.push(item);
    } catch (thrown) {
      console.warn(`${item.kind} ${item.name} stays: ${messageOf(thrown)}`);
    }
  }
  return removed;
}
