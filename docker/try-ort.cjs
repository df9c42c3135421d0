// Runs one model on a binding and core just built: node try-ort.cjs ONNXRUNTIME_NODE_FOLDER MODEL. Fails when no output is finite.
'use strict';
const { argv, stdout } = require('node:process');
const [, , folder, file] = argv;
const { InferenceSession, Tensor } = require(folder);

async function tryOnce() {
  const session = await InferenceSession.create(file, { intraOpNumThreads: 1 });
  const [name] = session.inputNames;
  const shape = [1, 1, 28, 28];
  const feed = new Tensor('float32', new Float32Array(shape.reduce((product, size) => product * size)), shape);
  const outputs = await session.run({ [name]: feed });
  const values = Object.values(outputs).flatMap(({ data }) => [...data]);
  if (values.length === 0 || !values.every(Number.isFinite)) throw new Error(`outputs are ${values.join(', ')}`);
  stdout.write(`a session on ${folder} gave ${values.map((value) => value.toFixed(3)).join(' ')}\n`);
  await session.release();
}

tryOnce();
