// Names what is on images: node examples/client/classify.js [--model NAME] IMAGE...
// The server is the one at SLIPWAY_URL, else at http://127.0.0.1:8000. Type `npm start` first.
import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { connect } from 'slipway';

const usage = 'Usage: node examples/client/classify.js [--model NAME] IMAGE...';
// One line is enough: the client's messages say what to do.
process.on('uncaughtException', ({ message }) => {
  console.error(message);
  process.exit(1);
});

const { values, positionals } = parseArgs({
  options: { model: { type: 'string', default: 'digits' } },
  allowPositionals: true,
});
if (positionals.length === 0) throw new Error(usage);
const server = await connect({ url: process.env.SLIPWAY_URL ?? 'http://127.0.0.1:8000' });
const model = server.model(values.model);

// All at once: the server gathers what arrives together into batches.
const answers = await Promise.all(positionals.map(async (path) => model.predictImage(await readFile(path))));
answers.forEach(({ predictions, device }, at) => {
  const [{ label, probability }] = predictions;
  console.log(`${positionals[at]}: ${label} (${(probability * 100).toFixed(1)} %, ${device})`);
});
server.close();
