import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { imagesToTensor } from '../../../src/image/image-tensor.js';
import type { Graph } from '../../../src/model/onnx/writer.js';
import { encoder, patterns, plainConfig } from '../../image/images.js';
import { jsonOf, send } from '../../support/http.js';
import { openTestServer, type TestServer } from '../../support/server.js';

const [width, height] = [12, 10];

/** Answers twice its pixels. */
const doubled = (batch: number | string): Graph => ({
  name: 'doubled',
  inputs: [{ name: 'image', datatype: 'FP32', shape: [batch, 3, height, width] }],
  outputs: [{ name: 'pixels', datatype: 'FP32', shape: [batch, 3, height, width] }],
  nodes: [{ op: 'Add', inputs: ['image', 'image'], outputs: ['pixels'] }],
});

const image = {
  input: 'image',
  resize: { width, height, fit: 'fill' },
  color: 'rgb',
  layout: 'NCHW',
  scale: 1 / 128,
  mean: 1,
};
/** Whatever a wait comes to on a busy machine. */
const batching = { maxQueueMs: 0 };
const inRows = { ...batching, maxRows: 4 };
const config = plainConfig(width, height, { layout: 'NCHW', scale: 1 / 128, mean: [1], std: [1] });
const spec = { name: 'image', datatype: 'FP32', shape: [-1, 3, height, width] } as const;

const jpegs = await Promise.all(
  Object.entries(patterns).flatMap(([name, draw]) =>
    (
      [
        [40, 30, '4:2:0'],
        [33, 71, '4:4:4'],
        [12, 10, '4:2:0'],
      ] as const
    ).map(([wide, tall, chromaSubsampling]) =>
      encoder(draw(wide, tall))
        .jpeg({ quality: name === 'noise' ? 60 : 90, chromaSubsampling })
        .toBuffer(),
    ),
  ),
);
const [first = Buffer.alloc(0)] = jpegs;
/** Without its end marker, which only the library reads. */
const rare = first.subarray(0, first.length - 2);
const cut = first.subarray(0, first.length - 30);

interface Body {
  readonly outputs: readonly { readonly shape: readonly number[]; readonly data: readonly number[] }[];
}

describe('images that workers decode', () => {
  let opened: TestServer & { stop(): Promise<void> };
  before(async () => {
    opened = await openTestServer({
      models: [
        { name: 'fixed', graph: doubled(1), config: { image, batching } },
        { name: 'rows', graph: doubled('batch'), config: { image, batching: inRows } },
        { name: 'lone', graph: doubled('batch'), config: { image, batching: inRows, instances: { cpu: 1 } } },
        { name: 'wide', graph: doubled(1), config: { image, batching, execution: { intraOpThreads: 2 } } },
      ],
    });
  });
  after(() => opened.stop());

  const ask = (model: string, body: Buffer) => send(opened.url, { path: `/predictions/${model}?outputs=true`, body });
  const expectedOf = async (jpeg: Buffer): Promise<number[]> => {
    const { data } = await imagesToTensor([jpeg], config, spec);
    return Array.from(data as Float32Array, (value) => value * 2);
  };
  const failuresOf = async (model: string): Promise<unknown> => {
    const stats = jsonOf(await send(opened.url, { method: 'GET', path: `/v2/models/${model}/stats` })) as {
      model_stats: readonly { inference_stats: { fail: { count: number }; success: { count: number } } }[];
    };
    return stats.model_stats[0]?.inference_stats.fail.count;
  };

  it('come to workers as files where runs take one thread and fill all of them, and else decoded', () => {
    const { dataplane } = opened.server;
    const decodes = ['fixed', 'rows', 'lone', 'wide'].map((name) => dataplane.model(name, undefined).decodesFiles);
    assert.deepEqual(decodes, [true, true, false, false]);
  });

  for (const model of ['fixed', 'rows', 'lone', 'wide']) {
    it(`give the same numbers as decoded elsewhere, many at once beside files that only the library reads or nobody: ${model}`, async () => {
      const bodies = [...jpegs, rare, cut, ...jpegs, cut, ...jpegs, rare];
      const answers = await Promise.all(bodies.map((body) => ask(model, body)));
      for (const [n, answer] of answers.entries()) {
        const body = bodies[n] as Buffer;
        if (body === cut) {
          assert.equal(answer.status, 400);
          assert.match(answer.body.toString(), /JPEG|cut/i);
          continue;
        }
        assert.equal(answer.status, 200, answer.body.toString());
        const [output] = (jsonOf(answer) as Body).outputs;
        assert.deepEqual(output?.shape, [1, 3, height, width]);
        assert.deepEqual(output.data, await expectedOf(body));
      }
      assert.equal(await failuresOf(model), 0);
    });
  }

  it('of one request are rows of its runs, in their order', async () => {
    const images = [...jpegs, rare].map((jpeg) => jpeg.toString('base64'));
    const form = new FormData();
    for (const jpeg of jpegs) form.append('image', new Blob([Uint8Array.from(jpeg)]), 'p.jpg');
    const url = `${opened.url}/predictions/rows?outputs=true`;
    const ofForm = (await (await fetch(url, { method: 'POST', body: form })).json()) as { outputs: Body['outputs'][] };
    const ofJson = jsonOf(
      await send(opened.url, { path: '/predictions/rows?outputs=true', body: JSON.stringify({ images }) }),
    ) as typeof ofForm;
    const expected = await Promise.all([...jpegs, rare].map(expectedOf));
    const rowsOf = ({ outputs }: typeof ofForm) => outputs.flatMap(([output]) => output?.data ?? []);
    assert.deepEqual(rowsOf(ofForm), expected.slice(0, -1).flat());
    assert.deepEqual(rowsOf(ofJson), expected.flat());
  });

  it('are refused where they have more pixels than images may have', async (t) => {
    const models = [{ name: 'fixed', graph: doubled(1), config: { image, batching } }];
    const limited = await openTestServer({ models, flags: ['--max-pixels', '1199'] });
    t.after(() => limited.stop());
    const [large = first, , small = first] = jpegs;
    const statuses = await Promise.all(
      [large, small].map(async (body) => (await send(limited.url, { path: '/predictions/fixed', body })).status),
    );
    assert.deepEqual(statuses, [413, 200]);
  });
});
