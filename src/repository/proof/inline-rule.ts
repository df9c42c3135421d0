import type { OnnxHeader } from '../../model/config.js';

/** Operators whose cost follows the values of a request and not its shape alone. */
const valueDriven = [
  'Loop',
  'Scan',
  'If',
  'Expand',
  'Tile',
  'ConstantOfShape',
  'Range',
  'OneHot',
  'Pad',
  'Resize',
  'Upsample',
  'NonZero',
];

/**
 * Whether a model's cheap runs may run on the HTTP thread: what a run costs must follow from the shapes of its inputs, and no value
 * may end the process there; operators of other domains are not known well enough.
 */
export function mayRunInline({ operators, hazard }: Pick<OnnxHeader, 'operators' | 'hazard'>): boolean {
  const isKnown = (operator: string): boolean => !operator.includes(':') && !valueDriven.includes(operator);
  return hazard === undefined && Object.keys(operators).every(isKnown);
}
