import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { promisify } from 'node:util';
import { serveFor } from '../support/server.js';

const run = promisify(execFile);
const hasCurl = spawnSync('curl', ['--version']).status === 0 && spawnSync('bash', ['--version']).status === 0;

describe('the examples for users', () => {
  it('the client program names what is on images', async (context) => {
    const { url } = await serveFor(context, { folder: 'models' });
    const images = ['models/digits/samples/7.png', 'models/digits/samples/3.png'];
    const env = { ...process.env, SLIPWAY_URL: url };
    const { stdout } = await run(process.execPath, ['examples/client/classify.js', ...images], { env });
    assert.match(
      stdout,
      /^models\/digits\/samples\/7\.png: 7 \(9\d\.\d %, cpu\)\nmodels\/digits\/samples\/3\.png: 3 \(9\d\.\d %, cpu\)\n$/,
    );
  });

  it('the model folder is served, and its client computes with it', async (context) => {
    const { url } = await serveFor(context, { folder: 'examples/models' });
    const env = { ...process.env, SLIPWAY_URL: url };
    const { stdout } = await run(process.execPath, ['examples/client/infer.js', '100', '-40', '37.5'], { env });
    assert.equal(stdout, '100 C is 212.0 F\n-40 C is -40.0 F\n37.5 C is 99.5 F\n');
  });

  it('the program with a server in it names what is on images, and ends', async (context) => {
    // Of its own: in one that is shared, models may be suspected of a crash that another test made.
    const cache = await mkdtemp(join(tmpdir(), 'slipway-embedded-'));
    context.after(() => rm(cache, { recursive: true }));
    const env = { ...process.env, XDG_CACHE_HOME: cache };
    const images = ['models/digits/samples/7.png', 'models/digits/samples/3.png'];
    const { stdout, stderr } = await run(process.execPath, ['examples/embedding/in-process.js', ...images], { env });
    assert.deepEqual([stdout, stderr], ['models/digits/samples/7.png: 7\nmodels/digits/samples/3.png: 3\n', '']);
  });

  it('the programs say in one line how they are called, and what goes wrong', async (context) => {
    const { url } = await serveFor(context, { folder: 'models' });
    const said = async (program: string, ...args: readonly string[]): Promise<string> => {
      const env = { ...process.env, SLIPWAY_URL: url };
      const failure = await run(process.execPath, [`examples/${program}`, ...args], { env }).catch(
        (thrown: unknown) => thrown as { readonly stderr: string },
      );
      return failure.stderr;
    };
    const classify = 'Usage: node examples/client/classify.js [--model NAME] IMAGE...\n';
    const infer = 'Usage: node examples/client/infer.js CELSIUS...\n';
    assert.equal(await said('client/classify.js'), classify);
    assert.equal(await said('client/classify.js', '--model', 'digits'), classify);
    assert.match(await said('client/classify.js', '--bogus'), /^Unknown option '--bogus'.*\n$/);
    assert.match(await said('client/classify.js', 'absent.png'), /^ENOENT: .*absent\.png'\n$/);
    assert.match(
      await said('client/classify.js', '--model', 'digit-boxes', 'models/digits/samples/7.png'),
      /^Model digit-boxes is not a classifier: .*\n$/,
    );
    assert.equal(await said('client/infer.js'), infer);
    assert.equal(await said('client/infer.js', '3', 'warm'), infer);
    assert.match(await said('client/infer.js', '3'), /^Request for unknown model: 'celsius' is not found.*\n$/);
    assert.equal(await said('embedding/in-process.js'), 'Usage: node examples/embedding/in-process.js IMAGE...\n');
  });

  it('the walk with curl goes to its end', { skip: hasCurl ? false : 'needs curl and bash' }, async (context) => {
    const { url } = await serveFor(context, { folder: 'models' });
    const { stdout } = await run('examples/walk.sh', [url]);
    assert.equal(stdout.match(/^\$ curl /gm)?.length, 8);
    assert.match(stdout, /"predictions":\[\{"label":"7",/);
    assert.match(stdout, /"predictions":\[\[\{"label":"7",.*\],\[\{"label":"3",/);
    assert.match(stdout, /"error":"[^"]*\[1,3\]/);
    assert.match(stdout, /^slipway_requests_total\{.*model="anomaly".*\} \d+$/m);
  });
});
