import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { environmentName, requirementsOf } from '../../../bench/peers/hosts/setup.js';
import { peers } from '../../../bench/peers/catalogue.js';
import { pickLastWords } from '../../../bench/peers/hosts/last-words.js';
import { buildPeerPayloads } from '../../../bench/peers/payloads.js';
import { parseProcessStat, sumTree } from '../../../bench/peers/hosts/process-cpu.js';
import { ourWork } from '../../../bench/peers/hosts/servers.js';
import { workloads } from '../../../bench/workloads.js';
import { parseWrk } from '../../../bench/peers/hosts/wrk.js';

const folder = join('bench', 'peers', 'servers');

describe('the servers that are compared', () => {
  it('have each a file and a work, and say why a workload is left out', () => {
    for (const { name, file, works, leftOut } of peers) {
      assert.ok(existsSync(join(folder, file)), `${name}: ${file}`);
      assert.ok(Object.keys(works).length > 0, name);
      assert.equal(Object.keys(works).length < workloads.length, leftOut !== undefined, name);
    }
  });

  it('are installed from exact versions, with the runtime that ours has, into a folder that is theirs alone', () => {
    for (const peer of peers) {
      for (const wanted of peer.packages) assert.match(wanted, /^[a-z0-9-]+==\d[\d.]*$/);
      assert.equal(requirementsOf(peer, '1.2.3')[0], 'onnxruntime==1.2.3');
      assert.notEqual(environmentName(peer, '1.2.3'), environmentName(peer, '1.2.4'));
    }
    assert.equal(new Set(peers.map((peer) => environmentName(peer, '1'))).size, peers.length);
  });

  it('are written without errors of syntax', (context) => {
    const files = readdirSync(folder);
    for (const file of files.filter((name) => name.endsWith('.js'))) {
      execFileSync(process.execPath, ['--check', join(folder, file)]);
    }
    const python = files.filter((name) => name.endsWith('.py')).map((name) => join(folder, name));
    assert.ok(python.length >= 6);
    const code = 'import ast, sys\nfor name in sys.argv[1:]: ast.parse(open(name).read(), name)';
    const { error, status, stderr } = spawnSync('python3', ['-c', code, ...python], { encoding: 'utf8' });
    if (error !== undefined) context.skip('python3 is not here');
    else assert.equal(status, 0, stderr);
  });
});

describe('what servers are asked', () => {
  const images = [new Uint8Array([1, 2]), new Uint8Array([3])];
  const build = (work: 'tensor' | 'image' | 'json', form: 'bytes' | 'protocol' | 'jpeg' | 'json') =>
    buildPeerPayloads({ work, form, path: '/p', images });

  it('is the same numbers in every form, and other ones from request to request', () => {
    const bytes = build('tensor', 'bytes');
    const framed = build('tensor', 'protocol');
    for (const [index, { body, headers }] of framed.entries()) {
      const length = Number(headers['inference-header-content-length']);
      const header = JSON.parse(Buffer.from(body.subarray(0, length)).toString()) as { inputs: object[] };
      const parameters = { binary_data_size: 921_600 };
      assert.deepEqual(header.inputs, [{ name: 'input', datatype: 'FP32', shape: [1, 3, 240, 320], parameters }]);
      assert.deepEqual(body.subarray(length), bytes[index]?.body);
    }
    assert.notDeepEqual(bytes[0]?.body, bytes[1]?.body);
    const values = new Float32Array(bytes[0]!.body.buffer);
    assert.ok(values.every((value) => value >= -1 && value < 1) && values.some((value) => value < -0.9));
  });

  it('is JSON of two rows of whole numbers for the tiny model, and the bundled files for images', () => {
    const [first] = build('json', 'json');
    const { inputs } = JSON.parse(Buffer.from(first!.body).toString()) as {
      inputs: { name: string; data: number[] }[];
    };
    assert.deepEqual(
      inputs.map(({ name, data }) => [name, data.length, data.every(Number.isInteger)]),
      [
        ['INPUT0', 16, true],
        ['INPUT1', 16, true],
      ],
    );
    assert.deepEqual(
      build('image', 'jpeg').map(({ body }) => body),
      images,
    );
  });

  it('goes to the path that each form of ours is taken at', () => {
    assert.deepEqual(
      workloads.map((workload) => [ourWork(workload).form, ourWork(workload).path]),
      [
        ['protocol', '/v2/models/ultraface/infer'],
        ['jpeg', '/predictions/ultraface?max=1&score=0'],
        ['json', '/v2/models/tiny/infer'],
      ],
    );
  });
});

describe('why a server ended', () => {
  it('is what it said of errors, else the last that it said', () => {
    const trace = ['Traceback:', '  File "a.py", line 1', 'TimeoutError: no config', '', ';', 'ended with exit code 1'];
    assert.equal(pickLastWords(trace), 'TimeoutError: no config');
    assert.equal(pickLastWords(['one', 'two', '  three ', 'four', ';']), 'two | three | four');
    assert.equal(pickLastWords(['cannot read /a/b/c/d.sock now']), 'cannot read d.sock now');
    assert.equal(pickLastWords([]), '');
  });
});

describe('CPU time of a server with processes of its own', () => {
  const line = (pid: number, name: string, [parent, group, ...ticks]: number[]) =>
    `${pid} (${name}) S ${parent} ${group} 1 0 -1 0 9 9 9 9 ${ticks.join(' ')} 20 0 1`;

  it('is read whatever the name of a process holds', () => {
    const expected = { pid: 12, parent: 3, group: 4, ticks: 5 + 6 + 70 + 800 };
    assert.deepEqual(parseProcessStat(line(12, 'a) S 1 (b', [3, 4, 5, 6, 70, 800])), expected);
    assert.equal(parseProcessStat(''), undefined);
  });

  it('counts the process, everything below it and everything in its group, and nothing else', () => {
    const all = [
      [10, 1, 10, 100, 0, 0, 0],
      [11, 10, 10, 20, 1, 0, 0],
      [12, 11, 99, 3, 0, 0, 0],
      [13, 1, 10, 4, 0, 0, 0],
      [14, 1, 14, 5000, 0, 0, 0],
    ].map(([pid, ...rest]) => parseProcessStat(line(pid!, 'x', rest))!);
    assert.equal(sumTree(all, 10), 1.28);
  });
});

describe('what wrk prints', () => {
  const text = (p50: string, more = '') =>
    `Running 1s test @ http://h\n  Latency Distribution\n     50%  ${p50}\n     75%  9.99ms\n  900 requests in 1.00s\n${more}Requests/sec:    899.13\n`;

  it('is read in milliseconds', () => {
    assert.deepEqual(parseWrk(text('250.00us')), { rate: 899.13, p50Ms: 0.25 });
    assert.deepEqual(parseWrk(text('1.27ms')), { rate: 899.13, p50Ms: 1.27 });
    assert.deepEqual(parseWrk(text('2.10s')), { rate: 899.13, p50Ms: 2100 });
  });

  it('is no figure where answers were errors', () => {
    assert.throws(
      () => parseWrk(text('1.27ms', '  Non-2xx or 3xx responses: 12\n')),
      /wrk: Non-2xx or 3xx responses: 12/,
    );
    assert.throws(() => parseWrk(text('1.27ms', '  Socket errors: connect 3, read 0\n')), /Socket errors: connect 3/);
    assert.throws(() => parseWrk('unable to connect'), /no figures: unable to connect/);
  });
});
