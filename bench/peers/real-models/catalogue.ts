import type { NumericDatatype } from '../../../src/tensor/datatype.js';

/** An input as the model's own users give it: the open dimensions sized, values between two bounds. */
export interface RealInput {
  readonly datatype: NumericDatatype;
  readonly shape: readonly number[];
  readonly from: number;
  readonly to: number;
}

/** A model that nobody of this project made. */
export interface RealModel {
  readonly name: string;
  /** A package of `tools/real-models/packages.js` and the file in it; absent: the file that a user names. */
  readonly source?: { readonly package: string; readonly file: string };
  readonly what: string;
  readonly inputs: Readonly<Record<string, RealInput>>;
}

const floats = (shape: readonly number[], from = -1): RealInput => ({ datatype: 'FP32', shape, from, to: 1 });
const ocr = (file: string) => ({
  package: 'rapidocr-onnxruntime==1.4.4',
  file: `rapidocr_onnxruntime/models/${file}_infer.onnx`,
});

/** Third-party models that peers are compared on, with the inputs that they get. */
export const realModels: readonly RealModel[] = [
  { name: 'ultraface', what: 'faces in an image', inputs: { input: floats([1, 3, 240, 320]) } },
  {
    name: 'magika',
    source: { package: 'magika==1.0.3', file: 'magika/models/standard_v3_3/model.onnx' },
    what: 'the type of a file from 2,048 of its bytes',
    inputs: { bytes: { datatype: 'INT32', shape: [1, 2048], from: 0, to: 256 } },
  },
  {
    name: 'silero-vad',
    source: { package: 'silero-vad==6.2.3', file: 'silero_vad/data/silero_vad.onnx' },
    what: 'speech in 512 samples at 16 kHz, with a state',
    inputs: {
      input: floats([1, 512]),
      state: floats([2, 1, 128]),
      sr: { datatype: 'INT64', shape: [], from: 16_000, to: 16_000 },
    },
  },
  {
    name: 'ocr-detection',
    source: ocr('ch_PP-OCRv4_det'),
    what: 'where text stands in an image of 320x320',
    inputs: { x: floats([1, 3, 320, 320]) },
  },
  {
    name: 'ocr-direction',
    source: ocr('ch_ppocr_mobile_v2.0_cls'),
    what: 'whether a line of 192x48 is upright',
    inputs: { x: floats([1, 3, 48, 192]) },
  },
  {
    name: 'ocr-recognition',
    source: ocr('ch_PP-OCRv4_rec'),
    what: 'the text of a line of 320x48',
    inputs: { x: floats([1, 3, 48, 320]) },
  },
  {
    name: 'nudenet',
    source: { package: 'nudenet==3.4.2', file: 'nudenet/320n.onnx' },
    what: 'parts of bodies in an image of 320x320',
    inputs: { images: floats([1, 3, 320, 320], 0) },
  },
];

/** Names of these models, as the command line takes them. */
export const realModelNames: readonly string[] = realModels.map(({ name }) => name);
