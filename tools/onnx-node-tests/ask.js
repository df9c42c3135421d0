// Requests of the Open Inference Protocol, and their answers as plain JavaScript values; written apart from the server's own code.
import { halfToNumber, numberToBits, bfloatToNumber } from './elements.js';

const arrays = {
  BOOL: Uint8Array,
  UINT8: Uint8Array,
  UINT16: Uint16Array,
  UINT32: Uint32Array,
  UINT64: BigUint64Array,
  INT8: Int8Array,
  INT16: Int16Array,
  INT32: Int32Array,
  INT64: BigInt64Array,
  FP16: Uint16Array,
  BF16: Uint16Array,
  FP32: Float32Array,
  FP64: Float64Array,
};
const isHalf = ({ datatype }) => datatype === 'FP16' || datatype === 'BF16';
const toNumber = { FP16: halfToNumber, BF16: bfloatToNumber };

/** Asks in JSON. Half floats have no form there: their models are asked by `/predictions`, which gives them as numbers. */
export async function askJson(url, name, { inputs, outputs }) {
  const body = `{"parameters":{"non_finite_tokens":true},"inputs":[${inputs.map(jsonTensor).join(',')}]}`;
  const path = `v2/models/${name}/infer`;
  if (![...inputs, ...outputs].some(isHalf)) return readJson(await post(`${url}/${path}`, body));
  return readJson(await post(`${url}/predictions/${name}?outputs=true`, body));
}

/** Asks in binary, for binary. */
export async function askBinary(url, name, { inputs }) {
  const parts = inputs.map(bytesOf);
  const described = inputs.map(({ name, datatype, shape }, at) => ({
    name,
    datatype,
    shape,
    parameters: { binary_data_size: parts[at].length },
  }));
  const head = Buffer.from(JSON.stringify({ inputs: described, parameters: { binary_data_output: true } }));
  const body = Buffer.concat([head, ...parts]);
  return readBinary(
    await post(`${url}/v2/models/${name}/infer`, body, { 'Inference-Header-Content-Length': String(head.length) }),
  );
}

async function post(url, body, headers = {}) {
  const response = await fetch(url, { method: 'POST', body, headers });
  const bytes = Buffer.from(await response.arrayBuffer());
  return { status: response.status, bytes, length: response.headers.get('inference-header-content-length') };
}

function jsonTensor({ name, datatype, shape, data }) {
  const one =
    datatype === 'BYTES' ? JSON.stringify : datatype === 'BOOL' ? (value) => String(Boolean(value)) : writeNumber;
  return `{"name":${JSON.stringify(name)},"datatype":"${datatype}","shape":[${shape}],"data":[${data.map((value) => one(value)).join(',')}]}`;
}

function writeNumber(value) {
  return Object.is(value, -0) ? '-0.0' : String(value);
}

function bytesOf({ datatype, data }) {
  if (datatype === 'BYTES') {
    return Buffer.concat(
      data.flatMap((text) => [Buffer.from(new Uint32Array([Buffer.byteLength(text)]).buffer), Buffer.from(text)]),
    );
  }
  const bits = isHalf({ datatype }) ? data.map((value) => numberToBits(value, datatype)) : data;
  return Buffer.from(arrays[datatype].from(bits).buffer);
}

/** JSON whose integers may have 64 bits and whose numbers may not be finite: both are kept as texts until their datatype is known. */
function parse(text) {
  const exact = /"(?:[^"\\]|\\.)*"|(?<![\d.eE+-])-?\d{16,}(?![\d.eE])|NaN|-?Infinity/g;
  return JSON.parse(text.replace(exact, (token) => (token.startsWith('"') ? token : `"${token}"`)));
}

function readJson({ status, bytes }) {
  if (status !== 200) return { refused: `${status}: ${errorOf(bytes)}` };
  const outputs = parse(bytes.toString('utf8')).outputs.map(({ name, datatype, shape, data }) => [
    name,
    { datatype, shape, data: data.map((value) => elementOf(datatype, value)) },
  ]);
  return { outputs: new Map(outputs) };
}

function elementOf(datatype, value) {
  if (datatype === 'BYTES') return value;
  if (datatype === 'INT64' || datatype === 'UINT64') return BigInt(value);
  return datatype === 'FP32' ? Math.fround(Number(value)) : Number(value);
}

function readBinary({ status, bytes, length }) {
  if (status !== 200) return { refused: `${status}: ${errorOf(bytes)}` };
  const head = length === null ? bytes.length : Number(length);
  let at = head;
  const outputs = JSON.parse(bytes.subarray(0, head).toString('utf8')).outputs.map(
    ({ name, datatype, shape, parameters }) => {
      const part = bytes.subarray(at, (at += parameters.binary_data_size));
      return [name, { datatype, shape, data: datatype === 'BYTES' ? texts(part) : elements(part, datatype) }];
    },
  );
  return { outputs: new Map(outputs) };
}

function elements(part, datatype) {
  const array = arrays[datatype];
  return Array.from(new array(new Uint8Array(part).buffer), toNumber[datatype] ?? ((value) => value));
}

function texts(part) {
  const found = [];
  for (let at = 0; at < part.length;) {
    const length = part.readUInt32LE(at);
    found.push(part.subarray(at + 4, at + 4 + length).toString('utf8'));
    at += 4 + length;
  }
  return found;
}

function errorOf(bytes) {
  try {
    return JSON.parse(bytes.toString('utf8')).error;
  } catch {
    return bytes.toString('utf8').slice(0, 200);
  }
}
