// Loads the model that its argument names in the runtime, and runs one row of ones.
import { InferenceSession, Tensor } from 'onnxruntime-node';

const session = await InferenceSession.create(process.argv[2] ?? '', { intraOpNumThreads: 1 });
const [name = ''] = session.inputNames;
await session.run({ [name]: new Tensor('float32', new Float32Array(37).fill(1), [1, 37]) });
