import type { HeaderValue, OnnxHeader } from '../../src/model/config.js';

export type Dim = number | string | null;

/** An input or output as a file's header has it. */
export const value = (name: string, dims: readonly Dim[], datatype: HeaderValue['datatype'] = 'FP32'): HeaderValue => ({
  name,
  datatype,
  shape: dims.map((dim) => (typeof dim === 'number' ? dim : -1)),
  dimNames: dims.map((dim) => (typeof dim === 'string' ? dim : '')),
});

/** A header of nothing but inputs and outputs. */
export const headerOf = (inputs: readonly HeaderValue[], outputs: readonly HeaderValue[]): OnnxHeader => ({
  irVersion: 8,
  producer: '',
  producerVersion: '',
  domain: '',
  modelVersion: 0,
  opsets: {},
  inputs,
  defaultedInputs: [],
  widened: [],
  adaptations: [],
  outputs,
  metadata: {},
  operators: {},
  externalData: [],
});
