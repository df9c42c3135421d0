import type { Console } from '../text/console.js';
import type { Fact, Facts } from '../facts/facts.js';
import { explainFallback } from './plan.js';
import type { Decision, Option, Plan } from './plan-types.js';
import { inBrief } from './refusal.js';
import { formatTable } from '../text/table.js';

/** The facts, one line each with the evidence; what could not be asked says so. */
function describeFacts(facts: Facts): string {
  const { host, engine } = facts;
  const rows: readonly (readonly [string, Fact<unknown>])[] = [
    ['system', host.system],
    ['NVIDIA driver', host.nvidiaDriver],
    ['NVIDIA module', host.nvidiaModule],
    ['GPUs on PCI', host.pciGpus],
    ['device files', host.deviceNodes],
    ['CDI specs', host.cdiDevices],
    ['NVIDIA toolkit', host.toolkit],
    ['engine', engine],
  ];
  const lines = rows.map(([name, fact]) => [
    name,
    fact.state === 'known' ? fact.evidence : `could not ask: ${fact.reason}`,
  ]);
  return formatTable(['FACT', 'EVIDENCE'], [...lines, ...describeEngine(facts)]);
}

function describeEngine({ engine, buildable }: Facts): readonly (readonly string[])[] {
  if (engine.state === 'unknown') return [];
  const { info, images } = engine.value;
  const cdi = info.cdiDevices ?? info.cdiSpecDirs?.map((folder) => `specs in ${folder}`);
  return [
    ['runtimes', info.runtimes.join(', ')],
    [
      'CDI in engine',
      cdi === undefined ? 'the engine does not say' : cdi.length === 0 ? 'off or no device' : cdi.join(', '),
    ],
    [
      'cgroups',
      `v${info.cgroupVersion} (${info.cgroupDriver}), storage ${info.storageDriver}${info.rootless ? ', rootless' : ''}`,
    ],
    [
      'images',
      images.state === 'known'
        ? ourImages(images.value.flatMap(({ tags }) => tags))
        : `could not ask: ${images.reason}`,
    ],
    ['Dockerfiles', buildable.length === 0 ? 'none' : buildable.join(', ')],
  ];
}

function ourImages(tags: readonly string[]): string {
  const ours = tags.filter((tag) => /(^|\/)slipway:/.test(tag));
  return ours.length === 0 ? `none of ours (${tags.length} others)` : ours.join(', ');
}

/** The variants that were weighed: the chosen one, those that would do too, and the others with their reasons. */
function describeOptions(decision: Decision): string {
  const chosen = decision.kind === 'chosen' ? decision.plan.variant : undefined;
  return formatTable(
    ['VARIANT', 'VERDICT', 'REASON'],
    decision.options.map((option) => [option.variant, verdict(option, chosen), reason(option)]),
  );
}

function verdict(option: Option, chosen: string | undefined): string {
  if (!option.isPossible) return 'no';
  return option.variant === chosen ? 'chosen' : 'possible';
}

function reason(option: Option): string {
  if (!option.isPossible) {
    const { cause, fix } = inBrief(option.refusal);
    return `${cause}; ${fix}`;
  }
  return [option.because, ...option.notes].join('; ');
}

/** A plan in a few words: `gpu (slipway:gpu, present) by cdi`. */
function describePlan(plan: Plan): string {
  if (plan.kind === 'native') return 'native: this Node.js, no container';
  const way = plan.gpu === undefined ? '' : ` by ${plan.gpu.kind}`;
  const source = { present: 'present', build: 'to be built', pull: 'to be pulled' }[plan.image.source];
  return `${plan.variant}: image ${plan.image.ref} (${source})${way}`;
}

function fallbackInBrief({ plan, fallback, options }: Extract<Decision, { kind: 'chosen' }>): string | undefined {
  const [best] = options;
  if (fallback === undefined || best === undefined || best.isPossible) return fallback;
  return explainFallback(plan.variant, [{ ...best, refusal: inBrief(best.refusal) }]);
}

/** Narrates a decision: one line, and with `explain` facts and losers too. A fallback is always said. */
export function narrateDecision(
  console: Console,
  decision: Decision,
  explained: { readonly facts: Facts; readonly explain: boolean },
): void {
  if (explained.explain) {
    console.note(describeFacts(explained.facts));
    console.note('');
    console.note(describeOptions(decision));
    console.note('');
  }
  if (decision.kind === 'refused') return;
  const fallback = explained.explain ? fallbackInBrief(decision) : decision.fallback;
  if (fallback !== undefined) console.warn(fallback);
  console.note(`${describePlan(decision.plan)} (${decision.because})`);
  for (const note of explained.explain ? decision.notes : decision.notes.filter((text) => text.startsWith('without'))) {
    console.note(`  ${note}`);
  }
}
