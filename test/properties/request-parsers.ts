import { sniffImage } from '../../src/image/files/format.js';
import { readJpegHeader } from '../../src/image/files/jpeg-header.js';
import { hasAllScans } from '../../src/image/files/jpeg-scans.js';
import { findUnreadSamples, readTiffSamples } from '../../src/image/files/tiff-header.js';
import { parseOnnxModel } from '../../src/model/onnx/header.js';
import { writeOnnx } from '../../src/model/onnx/writer.js';
import { parseModelJson } from '../../src/model/parse-config.js';
import { decodeInferRequest } from '../../src/protocol/v2/decode-request.js';
import { parseHeaderLength } from '../../src/protocol/v2/binary-part.js';
import { checkModelName } from '../../src/protocol/paths.js';
import { parseIndexRequest, parseLoadRequest, parseUnloadRequest } from '../../src/protocol/repository-requests.js';
import type { ModelSignature } from '../../src/protocol/types.js';
import { decodePredictRequest } from '../../src/protocol/v1/decode.js';
import { formatOrigin, parseAuthority, parseOrigin } from '../../src/server/settings/authority.js';
import { parseKeys } from '../../src/server/access/keys.js';
import { parseMultipart } from '../../src/server/inference/multipart.js';
import { decodePredictionJson } from '../../src/server/codec/prediction-request.js';
import { sumAndDifference } from '../support/models.js';

import { around, isRefusal, type Parser } from './inputs.js';

const model: ModelSignature = {
  name: 'm',
  inputs: [
    { name: 'A', datatype: 'INT32', shape: [-1, 4] },
    { name: 'B', datatype: 'BYTES', shape: [-1] },
    { name: 'C', datatype: 'FP16', shape: [-1, 2] },
  ],
  outputs: [{ name: 'Y', datatype: 'FP32', shape: [-1, 4] }],
  maxRows: 8,
};

const infer = JSON.stringify({
  id: 'x',
  parameters: { binary_data_output: true, priority: 1 },
  inputs: [
    { name: 'A', datatype: 'INT32', shape: [2, 4], data: [1, -2, 2147483647, 0, 5, 6, 7, 8] },
    { name: 'B', datatype: 'BYTES', shape: [2], data: ['a', '\u00e9'] },
    { name: 'C', datatype: 'FP16', shape: [2, 2], parameters: { binary_data_size: 8 } },
  ],
  outputs: [{ name: 'Y', parameters: { binary_data: true } }],
});
const binary = Buffer.concat([Buffer.from(infer), Buffer.from([0, 60, 0, 188, 1, 0, 255, 123])]);
const asJson = JSON.stringify({
  inputs: [
    {
      name: 'A',
      datatype: 'INT32',
      shape: [2, 4],
      data: [
        [1, -2, 2147483647, 0],
        [5, 6, 7, 8],
      ],
    },
    { name: 'B', datatype: 'BYTES', shape: [2], data: ['a', '\u00e9'] },
  ],
});
const v1 =
  '{"signature_name":"serving_default","instances":[{"A":[1,2,3,4],"B":"x","C":[0.5,-1e3]},{"A":[1,2,3,4],"B":{"b64":"YQ=="},"C":[1,2]}]}';
const form =
  '--x\r\nContent-Disposition: form-data; name="image"; filename="a.png"\r\n\r\nabc\r\n--x\r\nContent-Disposition: form-data; name="top"\r\n\r\n3\r\n--x--\r\n';
const modelJson =
  '{"versions":"all","batching":{"maxRows":8,"buckets":[1,8]},"instances":{"cpu":2},"image":{"mean":[0.5,0.5,0.5],"std":0.2,"color":"rgb"},"execution":{"providers":["cpu"]}}';
const keys = 'first\n# c\nann:admin:second # t\nbob:predict:sha256:' + 'ab'.repeat(32) + '\n';
const jpeg = Buffer.from(
  'ffd8ffe000104a46494600010100000100010000ffc0000b080010001001011100ffda0008010100003f00d2ffd9',
  'hex',
);
const tiff = Buffer.from(
  '49492a00080000000300000103000100000002000000010103000100000002000000020103000300000032000000000000000800080008',
  'hex',
);

const source = (bytes: Buffer) => ({
  size: bytes.length,
  read: (at: number, length: number) => bytes.subarray(at, at + length),
});

/** An origin that can be read is written in a form that reads the same. */
function originTwice(text: string): void {
  const origin = parseOrigin(text);
  if (origin === undefined) return;
  const written = formatOrigin(origin);
  const again = parseOrigin(written);
  if (again === undefined || formatOrigin(again) !== written) throw new Error(`${text} became ${written}`);
}

/** Parsers of what clients send, and of files that steer the server. */
export const requestParsers: readonly Parser[] = [
  { name: 'an inference request', inputs: around(asJson, infer), parse: (input) => decodeInferRequest({ body: input }, model) },
  {
    name: 'an inference request with a binary part',
    inputs: around(binary),
    parse: (input) => decodeInferRequest({ body: input, headerLength: Math.min(input.length, Buffer.byteLength(infer)) }, model),
  },
  { name: 'a request of version 1', inputs: around(v1, '{"inputs":{"A":[[1,2,3,4]],"B":["x"],"C":[[1,2]]}}'), parse: (input) => decodePredictRequest(input, model) },
  { name: 'a prediction as JSON', inputs: around('{"image":"AAAA","top":2}', '{"images":["AA==",""],"parameters":{}}', infer), parse: (input) => decodePredictionJson(input, model) },
  { name: 'a form', inputs: around(form), parse: (input) => parseMultipart(input, 'multipart/form-data; boundary=x') },
  { name: 'the type of a form', inputs: around('multipart/form-data; boundary=x', 'multipart/form-data; boundary="a b"'), parse: (input) => parseMultipart(Buffer.from(form), input.toString('latin1')) },
  { name: 'a call that lists, loads or unloads', inputs: around('{"ready":true}', '{"parameters":{"config":"{}"}}', '{"parameters":{"unload_dependents":true}}'), parse: (input) => [parseIndexRequest, parseLoadRequest, parseUnloadRequest].map((parse) => settle(() => parse(input))) },
  { name: 'the length of a header', inputs: around('12', '-1', '0x10', '9007199254740993'), parse: (input) => parseHeaderLength(input.toString('latin1')) },
  { name: 'the name of a model', inputs: around('m', 'a/b', 'größe'), parse: (input) => checkModelName(input.toString('utf8')) },
  { name: 'model.json', inputs: around(modelJson), parse: (input) => parseModelJson(input.toString('utf8')) },
  { name: 'the header of a model', inputs: around(writeOnnx(sumAndDifference)), parse: (input) => parseOnnxModel(source(input)) },
  { name: 'the header of an image', inputs: around(jpeg, tiff), parse: (input) => { sniffImage(input); readJpegHeader(input); hasAllScans(input); const tags = readTiffSamples(input); return tags && findUnreadSamples(tags); } },
  { name: 'a file of keys', inputs: around(keys), parse: (input) => parseKeys(input.toString('utf8')) },
  { name: 'a host', inputs: around('localhost:8000', '[::1]:80', 'a.b.example.', '127.0.0.1'), parse: (input) => parseAuthority(input.toString('latin1')) },
  { name: 'an origin', inputs: around('https://a.example:443', 'http://[::1]:80', 'null'), parse: (input) => originTwice(input.toString('latin1')) },
]; // prettier-ignore

/** The first of several parsers may refuse what the next takes; only what is no refusal goes on. */
function settle(parse: () => unknown): unknown {
  try {
    return parse();
  } catch (thrown) {
    if (isRefusal(thrown)) return undefined;
    throw thrown;
  }
}
