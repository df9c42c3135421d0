import { AppError } from '../../errors.js';
import type { HeaderValue, SequenceConfig, StatePair, StateSize } from '../../model/config.js';
import { arrayOf, datatypes } from '../../tensor/datatype.js';
import { countElements, fitsShape, formatShape, type Shape } from '../../tensor/shape.js';
import type { NamedTensors, NumericTensor, Tensor } from '../../tensor/tensor.js';

/** State by the input that takes it; nobody else reads or frees its memory. */
export type State = ReadonlyMap<string, NumericTensor>;

/** Bytes of all of it. */
export function stateBytes(state: State): number {
  let bytes = 0;
  for (const { data } of state.values()) bytes += data.byteLength;
  return bytes;
}

/** Bytes of the state that a sequence begins with; Infinity where there is no number for them. */
export function bytesToBegin({ state }: SequenceConfig, given: NamedTensors): number {
  let bytes = 0;
  for (const pair of state)
    bytes += (countElements(shapeToBegin(pair, given)) ?? Infinity) * datatypes[pair.datatype].bytes;
  return bytes;
}

function shapeToBegin({ input, initial }: StatePair, given: NamedTensors): Shape {
  return given.get(input)?.shape ?? initial.map((size) => sizeOf(size, given) ?? 1);
}

/** What a sequence begins with: what its first request brings, else zeros. There has to be memory for it. */
export function beginState({ state }: SequenceConfig, given: NamedTensors): State {
  return new Map(state.map((pair) => [pair.input, beginPair(pair, given)]));
}

function beginPair(pair: StatePair, given: NamedTensors): NumericTensor {
  const own = given.get(pair.input);
  if (own !== undefined && own.datatype !== 'BYTES') return { ...own, data: own.data.slice() };
  const shape = shapeToBegin(pair, given);
  const Typed = arrayOf(pair.datatype);
  return { datatype: pair.datatype, shape, data: new Typed(countElements(shape) ?? 0) };
}

function sizeOf(size: StateSize, given: NamedTensors): number | undefined {
  return typeof size === 'number' ? size : given.get(size.input)?.shape[size.axis];
}

/** Checks that a later request has as many rows as the state that waits for it. Throws INVALID_INPUT. */
export function checkRows(
  id: string,
  { state }: SequenceConfig,
  of: { readonly kept: State; readonly given: NamedTensors },
) {
  for (const { input, initial } of state) {
    const { shape = [] } = of.kept.get(input) ?? {};
    for (const [axis, size] of initial.entries()) {
      if (typeof size === 'number') continue;
      const other = of.given.get(size.input)?.shape ?? [];
      if (other[size.axis] === shape[axis]) continue;
      throw new AppError(
        'INVALID_INPUT',
        `input '${size.input}' has the shape ${formatShape(other)}, but the state '${input}' of sequence '${id}' is ${formatShape(shape)}: ` +
          `expected ${shape[axis]} in dimension ${size.axis}, as when it started; or begin another sequence`,
      );
    }
  }
}

/** A request's inputs with the state, in the model's order. The run may take the buffers: they are copies. */
export function joinState(inputs: readonly HeaderValue[], given: NamedTensors, state: State): NamedTensors {
  const joined = new Map<string, Tensor>();
  for (const { name } of inputs) {
    const kept = state.get(name);
    const tensor = kept === undefined ? given.get(name) : { ...kept, data: kept.data.slice() };
    if (tensor !== undefined) joined.set(name, tensor);
  }
  for (const [name, tensor] of given) if (!joined.has(name)) joined.set(name, tensor);
  return joined;
}

/** What a run made of the state, in memory of its own. Throws MODEL_INVALID where it does not fit the inputs. */
export function takeState({ state }: SequenceConfig, outputs: NamedTensors): State {
  return new Map(state.map((pair) => [pair.input, takePair(pair, outputs.get(pair.output))]));
}

function takePair({ input, output, datatype, shape }: StatePair, tensor: Tensor | undefined): NumericTensor {
  const fits = shape === undefined || (tensor !== undefined && fitsShape(tensor.shape, shape));
  if (tensor !== undefined && tensor.datatype !== 'BYTES' && tensor.datatype === datatype && fits) {
    return { ...tensor, data: tensor.data.slice() };
  }
  const got = tensor === undefined ? 'nothing' : `${tensor.datatype} ${formatShape(tensor.shape)}`;
  throw new AppError(
    'MODEL_INVALID',
    `Output '${output}' is the next state '${input}' and was ${got}: expected ${datatype} ${shape === undefined ? 'of any shape' : formatShape(shape)}. The sequence stays as it was.`,
  );
}
