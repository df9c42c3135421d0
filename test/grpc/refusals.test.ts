import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { status } from '@grpc/grpc-js';
import type { Datatype } from '../../src/tensor/datatype.js';
import { failureOf, openGrpc, rawPair, type GrpcServer } from '../support/grpc.js';
import { identity, sumAndDifference } from '../support/models.js';

const datatypes: readonly Datatype[] = ['INT32', 'INT8', 'UINT8', 'INT16', 'FP64', 'BYTES'];
const identities = datatypes.map((datatype) => ({ name: datatype.toLowerCase(), graph: identity(datatype, ['rows']) }));

describe('requests that gRPC refuses', () => {
  let grpc: GrpcServer;
  before(async () => {
    const models = [{ name: 'm', graph: sumAndDifference }, ...identities];
    grpc = await openGrpc({ models, flags: ['--max-body-bytes', '1M'] });
  });
  after(() => grpc.close());

  const infer: GrpcServer['infer'] = (message) => grpc.infer(message);
  const refused: GrpcServer['refuses'] = (...call) => grpc.refuses(...call);

  it('refuses what does not fit its model with the words of HTTP', async () => {
    const { INVALID_ARGUMENT, NOT_FOUND } = status;
    const pair = rawPair(1);
    const [a, b] = pair.inputs;
    const [rawA = Buffer.alloc(0), rawB = Buffer.alloc(0)] = pair.raw_input_contents;
    await refused({ ...pair, model_name: 'x' }, NOT_FOUND, /^Request for unknown model: 'x' is not found/);
    await refused({ ...pair, model_version: '99' }, NOT_FOUND, /'m' version 99/);
    await refused(
      { ...pair, inputs: [a], raw_input_contents: [rawA] },
      INVALID_ARGUMENT,
      /missing required input\(s\) \['B'\]/,
    );
    await refused({ ...pair, inputs: [a, a] }, INVALID_ARGUMENT, /input 'A' already exists in request/);
    await refused({ ...pair, inputs: [a, { ...b, name: 'C' }] }, INVALID_ARGUMENT, /unexpected inference input 'C'/);
    await refused(
      { ...pair, inputs: [a, { ...b, datatype: 'FP32' }] },
      INVALID_ARGUMENT,
      /data-type is 'FP32', but model 'm' expects 'INT32'/,
    );
    await refused(
      { ...pair, inputs: [a, { ...b, datatype: 'FLOAT' }] },
      INVALID_ARGUMENT,
      /invalid datatype for input B: 'FLOAT'/,
    );
    await refused(
      { ...pair, inputs: [a, { ...b, shape: [1, 15] }] },
      INVALID_ARGUMENT,
      /Expected \[-1,16\], got \[1,15\]/,
    );
    await refused(
      { ...pair, inputs: [a, { ...b, shape: [-1, 16] }] },
      INVALID_ARGUMENT,
      /every dimension must be an integer >= 0/,
    );
    await refused({ ...pair, raw_input_contents: [rawA, rawB.subarray(4)] }, INVALID_ARGUMENT, /Expected 64, got 60/);
    await refused(
      { ...pair, raw_input_contents: [rawA] },
      INVALID_ARGUMENT,
      /as many raw_input_contents as inputs \(2\).*got 1/,
    );
    await refused({ ...pair, raw_input_contents: [rawA, rawB, rawB] }, INVALID_ARGUMENT, /more raw_input_contents/);
    await refused({ ...pair, raw_input_contents: [] }, INVALID_ARGUMENT, /unable to find data for input tensor 'A'/);
    await refused({ ...pair, outputs: [{ name: 'N' }] }, INVALID_ARGUMENT, /unexpected inference output 'N'/);
    await refused({ ...pair, outputs: [{ name: 'S' }, { name: 'S' }] }, INVALID_ARGUMENT, /output 'S' already exists/);
    await refused(
      { ...pair, parameters: { timeout: { int64_param: -1 } } },
      INVALID_ARGUMENT,
      /'timeout' must be an unsigned integer/,
    );
    await refused({ ...pair, parameters: { triton_x: { bool_param: true } } }, INVALID_ARGUMENT, /reserved/);
    const shared = { shared_memory_region: { string_param: 'r' } };
    await refused(
      { ...pair, inputs: [a, { ...b, parameters: shared }] },
      INVALID_ARGUMENT,
      /shared memory is not supported/,
    );
    const contents = { int_contents: [1] };
    await refused(
      { ...pair, inputs: [a, { ...b, contents }] },
      INVALID_ARGUMENT,
      /contents field must not be specified/,
    );
  });

  it('refuses typed contents of another type, number or range', async () => {
    const one = (datatype: string, contents: object, shape = [1]) => ({
      model_name: datatype.toLowerCase(),
      inputs: [{ name: 'X', datatype, shape, contents }],
    });
    const { INVALID_ARGUMENT } = status;
    await refused(one('INT32', { fp32_contents: [1] }), INVALID_ARGUMENT, /got fp32_contents, expected int_contents/);
    await refused(
      one('INT32', { int_contents: [1], fp32_contents: [1] }),
      INVALID_ARGUMENT,
      /unexpected explicit tensor data/,
    );
    await refused(
      one('INT8', { int_contents: [128] }),
      INVALID_ARGUMENT,
      /128 is not an integer in the range of INT8 \(-128 to 127\)/,
    );
    await refused(
      one('UINT8', { uint_contents: [256] }),
      INVALID_ARGUMENT,
      /256 is not an integer in the range of UINT8 \(0 to 255\)/,
    );
    await refused(
      one('INT16', { int_contents: [-32769] }),
      INVALID_ARGUMENT,
      /-32769 is not an integer in the range of INT16/,
    );
    await refused(
      one('INT32', { int_contents: [1, 2] }),
      INVALID_ARGUMENT,
      /holds 1 elements, 'int_contents' has more/,
    );
    await refused(
      one('INT32', { int_contents: [1, 2] }, [3]),
      INVALID_ARGUMENT,
      /holds 3 elements, 'int_contents' has (2|fewer)/,
    );
    await refused(one('FP64', { fp64_contents: [1] }, [1099511627776]), INVALID_ARGUMENT, /has fewer/);
    await refused(one('BYTES', { bytes_contents: [Buffer.from('a\0b')] }), INVALID_ARGUMENT, /NUL character/);
    await refused(one('BYTES', { bytes_contents: [Buffer.from([0xff])] }), INVALID_ARGUMENT, /not valid UTF-8/);
    await refused(one('BYTES', { bytes_contents: [Buffer.from('a'), Buffer.from('b')] }), INVALID_ARGUMENT, /has more/);
  });

  it('takes a message of exactly the limit and refuses a larger one before its model is looked at', async () => {
    const rows = (count: number) => ({
      model_name: 'uint8',
      inputs: [{ name: 'X', datatype: 'UINT8', shape: [count] }],
      raw_input_contents: [Buffer.alloc(count, 7)],
    });
    const limit = 2 ** 20;
    const statusOf = (size: number): Promise<status> =>
      infer(rows(size)).then(
        () => status.OK,
        (error: unknown) => (error as { readonly code: status }).code,
      );
    // Beside its raw elements the message has some bytes more; how many is found by halving.
    let [taken, refused] = [limit - 64, limit];
    while (refused - taken > 1) {
      const size = Math.floor((taken + refused) / 2);
      if ((await statusOf(size)) === status.OK) taken = size;
      else refused = size;
    }
    assert.equal(await statusOf(taken), status.OK);
    assert.equal(await statusOf(refused), status.RESOURCE_EXHAUSTED);
    const error = await failureOf(infer(rows(limit)));
    assert.match(error.details, /exceeds the maximum allowed input size of 1048576 bytes/);
  });
});
