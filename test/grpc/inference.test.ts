import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, describe, it } from 'node:test';
import { status } from '@grpc/grpc-js';
import type { Graph } from '../../src/model/onnx/writer.js';
import { openGrpc, openStream, rawPair, type GrpcServer } from '../support/grpc.js';
import { failsOnLargeIndex, sumAndDifference } from '../support/models.js';

const wideTable: Graph = {
  ...failsOnLargeIndex,
  inputs: [{ name: 'X', datatype: 'INT64', shape: ['batch', 'n'] }],
  outputs: [{ name: 'Y', datatype: 'FP32', shape: ['batch', 'n'] }],
};

describe('inference over gRPC', () => {
  let grpc: GrpcServer;
  before(async () => {
    const models: { name: string; graph: Graph; version?: string; config?: object }[] = [
      { name: 'm', graph: sumAndDifference, config: { versions: 'all' } },
      { name: 'm', version: '3', graph: sumAndDifference },
      { name: 'table', graph: failsOnLargeIndex },
      { name: 'wide', graph: wideTable },
    ];
    grpc = await openGrpc({ models, flags: ['--log-format', 'json', '--access-log'] });
  });
  after(() => grpc.close());

  const numbers = (count: number, first = 0) => Int32Array.from({ length: count }, (_, index) => first + index);
  const infer: GrpcServer['infer'] = (message, options) => grpc.infer(message, options);

  for (const rows of [1, 3, 32, 1000]) {
    it(`answers ${rows} rows, the id, the version and where it ran`, async () => {
      const { message, trailers } = await infer(
        { ...rawPair(rows), id: 'α-1' },
        { headers: { 'x-request-id': 'mine' } },
      );
      const [sum, difference] = (message['raw_output_contents'] as Buffer[]).map(
        (raw) => new Int32Array(raw.buffer.slice(raw.byteOffset, raw.byteOffset + raw.length)),
      );
      assert.deepEqual(
        sum,
        numbers(rows * 16).map((index) => 2 * index + 993),
      );
      assert.deepEqual(difference, new Int32Array(rows * 16).fill(-1007));
      assert.equal(message['id'], 'α-1');
      assert.equal(message['model_version'], '3');
      assert.equal(trailers['x-request-id'], 'mine');
      assert.match(String(trailers['x-inference-device']), /^cpu/);
      assert.match(String(trailers['server-timing']), /^queue;dur=/);
    });
  }

  it('answers the outputs asked for, in that order, and classes where they are asked for', async () => {
    const { message } = await infer({
      ...rawPair(1),
      model_version: '1',
      outputs: [{ name: 'D' }, { name: 'S', parameters: { classification: { int64_param: 2 } } }],
    });
    const [difference, classes] = message['outputs'] as { name: string; datatype: string; shape: number[] }[];
    assert.deepEqual([difference?.name, difference?.datatype, difference?.shape], ['D', 'INT32', [1, 16]]);
    assert.deepEqual([classes?.name, classes?.datatype, classes?.shape], ['S', 'BYTES', [1, 2]]);
    assert.match(String((message['raw_output_contents'] as Buffer[])[1]), /1023:15.*1021:14/);
    assert.equal(message['model_version'], '1');
  });

  it('is counted beside HTTP, under a label of its own, and logged alike', async () => {
    await infer({ ...rawPair(1), model_version: '1' }, { headers: { 'x-request-id': 'logged' } });
    await assert.rejects(infer({ model_name: 'x' }));
    const text = await (await fetch(`${grpc.server.url}/metrics`)).text();
    assert.match(text, /slipway_requests_total\{model="m",version="1",status="200",transport="grpc"\} \d+\n/);
    assert.match(text, /slipway_requests_total\{model="",version="",status="404",transport="grpc"\} \d+\n/);
    const line = grpc.server.lines.find(({ requestId }) => requestId === 'logged');
    assert.deepEqual(
      { ...line, time: '', ms: 0 },
      {
        level: 'info',
        time: '',
        requestId: 'logged',
        transport: 'grpc',
        path: '/inference.GRPCInferenceService/ModelInfer',
        status: 200,
        ms: 0,
        model: 'm',
        version: '1',
        message: 'request',
      },
    );
  });

  it('answers a stream in its order, tells an error in its place, and goes on', async () => {
    const stream = openStream(grpc.client);
    const answers: { error_message: string; infer_response: { id: string; parameters: object } | null }[] = [];
    stream.on('data', (answer: (typeof answers)[number]) => answers.push(answer));
    const index = (value: number) => ({
      model_name: 'table',
      id: `${value}`,
      inputs: [{ name: 'X', datatype: 'INT64', shape: [1, 1], contents: { int64_contents: [value] } }],
    });
    for (const value of [0, 9, 1, 2]) stream.write(index(value));
    stream.write({ model_name: 'none', id: 'lost' });
    for (let count = 0; count < 200; count++) stream.write({ ...rawPair(1), id: `m${count}` });
    stream.end();
    await once(stream, 'end');
    assert.deepEqual(
      answers.map(({ infer_response: response }) => response?.id),
      ['0', '9', '1', '2', 'lost', ...Array.from({ length: 200 }, (_, count) => `m${count}`)],
    );
    const failed = answers.filter(({ error_message: text }) => text !== '');
    assert.equal(failed.length, 2);
    assert.match(failed[0]?.error_message ?? '', /indices element out of data bounds/);
    assert.match(failed[1]?.error_message ?? '', /unknown model: 'none'/);
    assert.deepEqual(answers[0]?.infer_response?.parameters, {
      triton_final_response: { bool_param: true, parameter_choice: 'bool_param' },
    });
  });

  it('names the request that failed by its id, though its message had moved to a thread', async () => {
    const stream = openStream(grpc.client);
    const answers: { error_message: string; infer_response: { id: string; model_name: string } | null }[] = [];
    stream.on('data', (answer: (typeof answers)[number]) => answers.push(answer));
    const values = new BigInt64Array(40_000).fill(9n);
    const input = { name: 'X', datatype: 'INT64', shape: [1, values.length] };
    const raw = { inputs: [input], raw_input_contents: [Buffer.from(values.buffer)] };
    const typed = { inputs: [{ ...input, contents: { int64_contents: Array.from(values, Number) } }] };
    for (const [id, body] of Object.entries({ raw, typed })) stream.write({ model_name: 'wide', id, ...body });
    stream.end();
    await once(stream, 'end');
    for (const { error_message: text } of answers) assert.match(text, /indices element out of data bounds/);
    assert.deepEqual(
      answers.map(({ infer_response: response }) => [response?.id, response?.model_name]),
      [
        ['raw', 'wide'],
        ['typed', 'wide'],
      ],
    );
  });

  it('ends a stream with the status of its first failure where the client asks for that', async () => {
    const stream = openStream(grpc.client, { triton_grpc_error: 'true' });
    stream.on('data', () => undefined);
    stream.write({ model_name: 'none' });
    const [error] = (await once(stream, 'error')) as [{ code: status; details: string }];
    assert.equal(error.code, status.NOT_FOUND);
    assert.match(error.details, /unknown model: 'none'/);
  });
});
