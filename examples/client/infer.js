// Tensors in, tensors out: node examples/client/infer.js CELSIUS...
// Asks the model of examples/models: `npm start -- examples/models` first.
import { connect, tensor } from 'slipway';

const usage = 'Usage: node examples/client/infer.js CELSIUS...';
// One line is enough: the client's messages say what to do.
process.on('uncaughtException', ({ message }) => {
  console.error(message);
  process.exit(1);
});

const celsius = process.argv.slice(2).map(Number);
if (celsius.length === 0 || celsius.some(Number.isNaN)) throw new Error(usage);
const server = await connect({ url: process.env.SLIPWAY_URL ?? 'http://127.0.0.1:8000' });
const { outputs } = await server
  .model('celsius')
  .infer({ celsius: tensor(Float32Array.from(celsius), [celsius.length, 1]) });
[...outputs.fahrenheit.data].forEach((value, row) => console.log(`${celsius[row]} C is ${value.toFixed(1)} F`));
server.close();
