import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { status } from '@grpc/grpc-js';
import { datatypes, type Datatype } from '../../src/tensor/datatype.js';
import { openGrpc, type GrpcServer } from '../support/grpc.js';
import { identity } from '../support/models.js';

/** Elements of each datatype at its edges, as bytes and as the typed field that holds them; half floats have none. */
type Edge = readonly [datatype: Datatype, bytes: Buffer, field?: string, values?: readonly unknown[]];

const edges: readonly Edge[] = [
  ['BOOL', Buffer.from([0, 1, 1]), 'bool_contents', [false, true, true]],
  ['UINT8', Buffer.from([0, 128, 255]), 'uint_contents', [0, 128, 255]],
  ['INT8', Buffer.from([0x80, 0xff, 0x7f]), 'int_contents', [-128, -1, 127]],
  ['UINT16', Buffer.from('00000080ffff', 'hex'), 'uint_contents', [0, 32768, 65535]],
  ['INT16', Buffer.from('0080ffffff7f', 'hex'), 'int_contents', [-32768, -1, 32767]],
  ['UINT32', Buffer.from('0000000000000080ffffffff', 'hex'), 'uint_contents', [0, 2147483648, 4294967295]],
  ['INT32', Buffer.from('00000080ffffffffffffff7f', 'hex'), 'int_contents', [-2147483648, -1, 2147483647]],
  [
    'UINT64',
    Buffer.from('00000000000000000100000000002000ffffffffffffffff', 'hex'),
    'uint64_contents',
    ['0', '9007199254740993', '18446744073709551615'],
  ],
  [
    'INT64',
    Buffer.from('0000000000000080ffffffffffffffffffffffffffffff7f', 'hex'),
    'int64_contents',
    ['-9223372036854775808', '-1', '9223372036854775807'],
  ],
  ['FP32', Buffer.from('00000080ffff7f7f0000807f', 'hex'), 'fp32_contents', [-0, 3.4028234663852886e38, Infinity]],
  [
    'FP64',
    Buffer.from('ffffffffffffefff0100000000000000000000000000f87f', 'hex'),
    'fp64_contents',
    [-1.7976931348623157e308, 5e-324, NaN],
  ],
  ['FP16', Buffer.from('00800100007c', 'hex')],
];

const texts = ['', 'ü', 'long '.repeat(100)];
const rawTexts = Buffer.concat(
  texts.flatMap((text) => {
    const bytes = Buffer.from(text);
    const prefix = Buffer.alloc(4);
    prefix.writeUInt32LE(bytes.length);
    return [prefix, bytes];
  }),
);

/** BF16 crosses as bits: the runtime has no such input in Node.js, so its refusal is what can be seen. */
const names = [...edges.map(([datatype]) => datatype), 'BYTES' as const];
const identities = names.map((datatype) => ({
  name: datatype.toLowerCase(),
  graph: identity(datatype, ['rows']),
}));

describe('elements over gRPC', () => {
  let grpc: GrpcServer;
  before(async () => (grpc = await openGrpc({ models: identities })));
  after(() => grpc.close());

  const infer: GrpcServer['infer'] = (message) => grpc.infer(message);
  const refused: GrpcServer['refuses'] = (...call) => grpc.refuses(...call);

  for (const [datatype, bytes, field, values] of edges) {
    const name = datatype.toLowerCase();
    const rows = bytes.length / datatypes[datatype].bytes;
    const tensor = { name: 'X', datatype, shape: [rows] };
    it(`carries ${datatype} in raw contents bit by bit`, async () => {
      const { message } = await infer({ model_name: name, inputs: [tensor], raw_input_contents: [bytes] });
      assert.deepEqual(message['raw_output_contents'], [bytes]);
      assert.deepEqual(
        (message['outputs'] as object[]).map((output) => ({ ...output, parameters: {}, contents: null })),
        [{ name: 'Y', datatype, shape: [rows], parameters: {}, contents: null }],
      );
    });
    it(`${field === undefined ? 'refuses' : 'carries'} ${datatype} in typed contents`, async () => {
      if (field === undefined) {
        const contents = { fp32_contents: [1, 2, 3] };
        await refused(
          { model_name: name, inputs: [{ ...tensor, contents }] },
          status.INVALID_ARGUMENT,
          /receiving FP16 data/,
        );
        return;
      }
      const { message } = await infer({ model_name: name, inputs: [{ ...tensor, contents: { [field]: values } }] });
      assert.deepEqual(message['raw_output_contents'], [bytes]);
    });
    it(`carries no element of ${datatype} in either form`, async () => {
      const none = { ...tensor, shape: [0] };
      for (const more of [{ raw_input_contents: [Buffer.alloc(0)] }, {}]) {
        const { message } = await infer({ model_name: name, inputs: [none], ...more });
        assert.deepEqual(message['raw_output_contents'], [Buffer.alloc(0)]);
        assert.deepEqual((message['outputs'] as { shape: number[] }[])[0]?.shape, [0]);
      }
    });
  }

  it('carries texts in either form', async () => {
    const tensor = { name: 'X', datatype: 'BYTES', shape: [3] };
    const contents = { bytes_contents: texts.map((text) => Buffer.from(text)) };
    for (const request of [
      { inputs: [tensor], raw_input_contents: [rawTexts] },
      { inputs: [{ ...tensor, contents }] },
    ]) {
      const { message } = await infer({ model_name: 'bytes', ...request });
      assert.deepEqual(message['raw_output_contents'], [rawTexts]);
    }
  });
});
