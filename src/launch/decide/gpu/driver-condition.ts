import { compareVersions } from './versions.js';

/** What is known of a driver and one GPU of it; what is not told counts as fitting, as it does for NVIDIA's own check. */
export interface DriverFacts {
  readonly driver?: string;
  /** Highest CUDA that the driver runs. */
  readonly cuda?: string;
  /** Compute capability. */
  readonly arch?: string;
  /** NVML's brand in one word: `geforce`, `nvidiartx`. */
  readonly brand?: string;
}

/** What a condition on the driver comes to. */
export type ConditionVerdict = 'met' | 'unmet' | 'unreadable';

const operators = ['=', '!=', '<', '<=', '>', '>='] as const;
type Operator = (typeof operators)[number];

/**
 * Whether a GPU meets a value of NVIDIA_REQUIRE_CUDA, as libnvidia-container reads it when a container starts: groups with spaces
 * between them, of which one has to be met, of terms with commas between them, all of which have to be. What stands behind the first
 * group that is met is not read.
 */
export function checkCondition(condition: string, facts: DriverFacts): ConditionVerdict {
  const groups = condition.split(' ').filter((group) => group !== '');
  let verdict: ConditionVerdict = 'met';
  for (const group of groups) {
    verdict = checkGroup(group, facts);
    if (verdict !== 'unmet') break;
  }
  return verdict;
}

function checkGroup(group: string, facts: DriverFacts): ConditionVerdict {
  for (const term of group.split(',').filter((text) => text !== '')) {
    const verdict = checkTerm(term, facts);
    if (verdict !== 'met') return verdict;
  }
  return 'met';
}

function checkTerm(term: string, facts: DriverFacts): ConditionVerdict {
  const [, name = '', sign = '', value = ''] = /^([^<>=!]+)([<>=!]+)(.+)$/.exec(term) ?? [];
  const operator = operators.find((known) => known.startsWith(sign));
  if (sign === '' || operator === undefined) return 'unreadable';
  switch (name.toLowerCase()) {
    case 'brand':
      return compareBrand(facts.brand, operator, value);
    case 'driver':
      return compareVersion(facts.driver, operator, value);
    case 'cuda':
      return compareVersion(facts.cuda, operator, value);
    case 'arch':
      return compareVersion(facts.arch, operator, value);
    default:
      return 'unreadable';
  }
}

function compareBrand(brand: string | undefined, operator: Operator, value: string): ConditionVerdict {
  if (brand === undefined) return 'met';
  if (operator !== '=' && operator !== '!=') return 'unreadable';
  return (brand.toLowerCase() === value.toLowerCase()) === (operator === '=') ? 'met' : 'unmet';
}

function compareVersion(version: string | undefined, operator: Operator, value: string): ConditionVerdict {
  if (version === undefined) return 'met';
  if (!/^[\d.]+$/.test(version) || !/^[\d.]+$/.test(value)) return 'unreadable';
  const difference = compareVersions(version, value);
  const isMet = {
    '=': difference === 0,
    '!=': difference !== 0,
    '<': difference < 0,
    '<=': difference <= 0,
    '>': difference > 0,
    '>=': difference >= 0,
  }[operator];
  return isMet ? 'met' : 'unmet';
}
