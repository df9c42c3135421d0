import { divide, isCount, isSame, known, numberOf, one, times, type Size } from '../size.js';
import type { Content, Tensor } from '../value.js';

type Elements = readonly (Size | undefined)[];
/** Takes the first two operands, and all of them. */
type Evaluate = (left: Size, right: Size, all: readonly Size[]) => Size | undefined;

const onNumbers =
  (compute: (...numbers: readonly number[]) => number): Evaluate =>
  (_left, _right, all) => {
    const numbers = all.map(numberOf).filter((number) => number !== undefined);
    return numbers.length === all.length ? known(compute(...numbers)) : undefined;
  };

const truth = (value: boolean) => (value ? 1 : 0);

/** How operators compute with sizes; a result that is not listed or not known is left open. */
const evaluators: Readonly<Record<string, Evaluate>> = {
  Mul: (left, right) => times(left, right),
  Add: (_left, _right, all) => addition(all),
  Sum: (_left, _right, all) => addition(all),
  Sub: subtraction,
  Div: divide,
  Neg: (operand) => times(operand, known(-1)),
  Abs: (operand) => (isCount(operand) ? operand : undefined),
  Identity: (operand) => operand,
  Ceil: (operand) => whole(operand, Math.ceil),
  Floor: (operand) => whole(operand, Math.floor),
  Max: onNumbers(Math.max),
  Min: onNumbers(Math.min),
  Equal: equality,
  Not: onNumbers((value = 0) => truth(value === 0)),
  And: onNumbers((left, right) => truth(left !== 0 && right !== 0)),
  Or: onNumbers((left, right) => truth(left !== 0 || right !== 0)),
  Greater: onNumbers((left = 0, right = 0) => truth(left > right)),
  Less: onNumbers((left = 0, right = 0) => truth(left < right)),
  GreaterOrEqual: onNumbers((left = 0, right = 0) => truth(left >= right)),
  LessOrEqual: onNumbers((left = 0, right = 0) => truth(left <= right)),
  Where: (condition, yes, [, , no = yes]) => {
    const number = numberOf(condition);
    if (number !== undefined) return number === 0 ? no : yes;
    return isSame(yes, no) ? yes : undefined;
  },
};

/** The elements of an element-wise result, or undefined where an operand has none or it is no arithmetic on shapes. */
export function evaluate(operator: string, operands: readonly Tensor[]): Content | undefined {
  const evaluator = evaluators[operator];
  const contents = operands.map((operand) => (operand.kind === 'rows' ? undefined : operand.content));
  const lists = contents.filter((content) => content !== undefined);
  if (evaluator === undefined || lists.length < operands.length) return undefined;
  if (operands.some(({ dims }) => dims === undefined || dims.length > 1)) return undefined;
  return elementwise(evaluator, lists);
}

/** Element by element over lists of one length, or of one element. */
function elementwise(evaluator: Evaluate, lists: readonly Elements[]): Content | undefined {
  const length = Math.max(...lists.map((list) => list.length));
  if (!lists.every((list) => list.length === length || list.length === 1)) return undefined;
  return Array.from({ length }, (_, index) => {
    const elements = lists.map((list) => (list.length === 1 ? list[0] : list[index]));
    const sizes = elements.filter((element) => element !== undefined);
    const [left = one, right = one] = sizes;
    return sizes.length === elements.length ? evaluator(left, right, sizes) : undefined;
  });
}

function addition(operands: readonly Size[]): Size | undefined {
  const others = operands.filter((operand) => numberOf(operand) !== 0);
  if (others.length < 2) return others[0] ?? known(0);
  const numbers = operands.map(numberOf).filter((number) => number !== undefined);
  return numbers.length === operands.length ? known(numbers.reduce((sum, number) => sum + number, 0)) : undefined;
}

function subtraction(left: Size, right: Size): Size | undefined {
  if (numberOf(right) === 0) return left;
  if (isSame(left, right)) return known(0);
  const [minuend, subtrahend] = [numberOf(left), numberOf(right)];
  return minuend === undefined || subtrahend === undefined ? undefined : known(minuend - subtrahend);
}

/** Whether two sizes are equal, where that is known: a count is no negative number, and the number of rows is not zero. */
function equality(left: Size, right: Size): Size | undefined {
  if (isSame(left, right)) return known(1);
  const [leftNumber, rightNumber] = [numberOf(left), numberOf(right)];
  if (leftNumber !== undefined && rightNumber !== undefined) return known(0);
  const [number, other] = leftNumber === undefined ? [rightNumber, left] : [leftNumber, right];
  return number !== undefined && number < 0 && isCount(other) ? known(0) : undefined;
}

function whole(operand: Size, round: (value: number) => number): Size | undefined {
  const number = numberOf(operand);
  return number === undefined ? operand : known(round(number));
}
