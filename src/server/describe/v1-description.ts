import type { ServableModel } from '../../repository/types.js';
import type { Datatype } from '../../tensor/datatype.js';
import type { TensorSpec } from '../../tensor/tensor.js';

/** Body of `GET /v1/models/{m}/metadata`: TensorFlow Serving's signature of the one function that a model is. */
export function describeV1({ name, version, inputs, outputs, header }: ServableModel): object {
  const { defaultedInputs } = header;
  const tensors = (specs: readonly TensorSpec[]) =>
    Object.fromEntries(
      specs.map((spec) => {
        const dim = spec.shape.map((size) => ({ size: String(size), name: '' }));
        return [
          spec.name,
          {
            name: spec.name,
            dtype: v1Types[spec.datatype],
            tensor_shape: { dim, unknown_rank: spec.unranked === true },
          },
        ];
      }),
    );
  const serving = {
    inputs: tensors([...inputs, ...defaultedInputs]),
    outputs: tensors(outputs),
    method_name: 'tensorflow/serving/predict',
    // SignatureDef.defaults: which inputs may be left out. Their values may be large and stay in the model.
    ...(defaultedInputs.length === 0 ? {} : { defaults: tensors(defaultedInputs) }),
  };
  return {
    model_spec: { name, signature_name: '', version },
    metadata: { signature_def: { signature_def: { serving_default: serving } } },
  };
}

const v1Types: Readonly<Record<Datatype, string>> = {
  BOOL: 'DT_BOOL',
  UINT8: 'DT_UINT8',
  UINT16: 'DT_UINT16',
  UINT32: 'DT_UINT32',
  UINT64: 'DT_UINT64',
  INT8: 'DT_INT8',
  INT16: 'DT_INT16',
  INT32: 'DT_INT32',
  INT64: 'DT_INT64',
  FP16: 'DT_HALF',
  BF16: 'DT_BFLOAT16',
  FP32: 'DT_FLOAT',
  FP64: 'DT_DOUBLE',
  BYTES: 'DT_STRING',
};
