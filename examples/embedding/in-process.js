// A server in a program of its own: node examples/embedding/in-process.js IMAGE...
// Serves the bundled models on a free port, asks them over HTTP like any client, and ends.
import { readFile } from 'node:fs/promises';
import { connect } from 'slipway';
import { serve } from 'slipway/server';

const images = process.argv.slice(2);
if (images.length === 0) {
  console.error('Usage: node examples/embedding/in-process.js IMAGE...');
  process.exit(2);
}

const server = await serve({ port: 0, logLevel: 'warn', onLog: ({ level, message }) => console.error(level, message) });
await server.ready;
const connection = await connect({ url: server.url });
for (const path of images) {
  const { predictions } = await connection.model('digits').predictImage(await readFile(path));
  console.log(`${path}: ${predictions[0].label}`);
}
connection.close();
await server.stop();
