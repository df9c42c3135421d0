// Tensors in, tensors out: node examples/client/infer.js CELSIUS...
// Asks the model of examples/models: `npm start -- examples/models` first.
import { connect, tensor } from 'slipway';

const celsius = process.argv.slice(2).map(Number);
const server = await connect({ url: process.env.SLIPWAY_URL ?? 'http://127.0.0.1:8000' });
const { outputs } = await server
  .model('celsius')
  .infer({ celsius: tensor(Float32Array.from(celsius), [celsius.length, 1]) });
[...outputs.fahrenheit.data].forEach((value, row) => console.log(`${celsius[row]} C is ${value.toFixed(1)} F`));
server.close();
