// fastify with the runtime called in the same thread.
import { parseArgs } from 'node:util';
import fastify from 'fastify';
import { InferenceSession, Tensor } from 'onnxruntime-node';

const names = ['port', 'model', 'work', 'threads'];
const { values } = parseArgs({ options: Object.fromEntries(names.map((name) => [name, { type: 'string' }])) });
const session = await InferenceSession.create(values.model, {
  intraOpNumThreads: 1,
  executionProviders: ['cpu'],
  extra: { session: { intra_op: { allow_spinning: '0' } } },
});
const app = fastify({ bodyLimit: 64 * 2 ** 20 });
app.addContentTypeParser('application/octet-stream', { parseAs: 'buffer' }, (request, body, done) => done(null, body));

app.post('/json', async ({ body }) => {
  const feeds = Object.fromEntries(
    body.inputs.map(({ name, data, shape }) => [name, new Tensor('int32', Int32Array.from(data), shape)]),
  );
  const results = Object.entries(await session.run(feeds));
  const outputs = results.map(([name, { dims, data }]) => ({
    name,
    datatype: 'INT32',
    shape: dims,
    data: Array.from(data),
  }));
  return { model_name: 'tiny', outputs };
});

app.post('/tensor', async ({ body }, reply) => {
  const [input] = session.inputMetadata;
  const aligned = body.byteOffset % 4 === 0 ? body : Buffer.from(new Uint8Array(body).buffer);
  const data = new Float32Array(aligned.buffer, aligned.byteOffset, aligned.byteLength / 4);
  const results = await session.run({ [input.name]: new Tensor('float32', data, input.shape) });
  const parts = session.outputNames
    .map((name) => results[name].data)
    .map((d) => new Uint8Array(d.buffer, d.byteOffset, d.byteLength));
  return reply.type('application/octet-stream').send(Buffer.concat(parts));
});

await app.listen({ port: Number(values.port), host: '127.0.0.1' });
