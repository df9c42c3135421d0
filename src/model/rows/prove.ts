import type { OnnxStructure, OnnxValue } from '../structure.js';
import { Evaluator } from './evaluate.js';
import { isAssumedPlain } from './regroup.js';
import { Scope } from './scope.js';
import { known, rowCount, symbol } from './size.js';
import { rowsAlong, type Value } from './value.js';

/** Whether every row of a run gets the answer that it would get alone, and if that is not known, why. */
export type RowsProof = { readonly proven: true } | { readonly proven: false; readonly reason: string };

/**
 * Follows the first dimension of the inputs through every node of a model. Proven means: whatever stands in the rows and
 * however many there are, each output has one element of its first dimension for each row, which depends on that row alone
 * and in the same way for each, but for the last bits of floating-point numbers. It holds for inputs that have no default
 * value; one that has is taken to be left at it. Names of dimensions are no evidence.
 */
export function proveRows(structure: OnnxStructure): RowsProof {
  const { graph, opsets } = structure;
  const version = opsets.get('') ?? 7;
  if (version < 7)
    return refusal(`its operator set, version ${version}, is older than those that are followed (7 and later)`);
  const scope = new Scope({ opsets, attributes: new Map() });
  const inputs = graph.inputs.filter(({ name }) => !graph.constants.has(name));
  if (inputs.length === 0) return refusal('the model has no input');
  for (const [index, input] of inputs.entries()) {
    if (input.dims?.[0] !== null) return refusal(`input '${input.name}' has no variable first dimension`);
    scope.set(input.name, inputRows(input, index));
  }
  const evaluator = new Evaluator(structure);
  const outputs = evaluator.graph(graph, scope);
  if (evaluator.ending !== undefined) return refusal(evaluator.ending);
  for (const { name, dims } of graph.outputs) {
    if (dims !== undefined && dims[0] !== null) return refusal(`output '${name}' declares no variable first dimension`);
  }
  for (const [index, value] of outputs.entries()) {
    const problem = findProblem(value);
    if (problem !== undefined)
      return refusal(value.kind === 'mixed' ? problem : `output '${graph.outputs[index]?.name ?? ''}' ${problem}`);
  }
  return { proven: true };
}

function refusal(reason: string): RowsProof {
  return { proven: false, reason };
}

/** An input of rows; each variable dimension behind them is a size of its own. */
function inputRows({ dims = [] }: OnnxValue, index: number): Value {
  const sizes = dims.slice(1).map((size, axis) => (size === null ? symbol(`x${index}.${axis + 1}`) : known(size)));
  return rowsAlong([rowCount, ...sizes], 0);
}

function findProblem(value: Value): string | undefined {
  if (value.kind === 'mixed') return value.reason;
  if (value.kind === 'rowList') return undefined;
  if (value.kind !== 'rows') return 'does not depend on the rows';
  if (value.axis !== 0) return `has the rows on axis ${value.axis}, not on the first`;
  return isAssumedPlain(value) ? undefined : 'does not have one element of its first dimension for each row';
}
