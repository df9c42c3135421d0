import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parsePort } from '../../../../src/launch/request/flags/ports.js';

const short = (text: string): readonly string[] =>
  parsePort(text).map((port) => `${port.hostIp} ${port.hostPort || '*'} ${port.containerPort}/${port.protocol}`);

const ports: readonly (readonly [text: string, expected: readonly string[]])[] = [
  ['8000', ['127.0.0.1 * 8000/tcp']],
  ['8080:8000', ['127.0.0.1 8080 8000/tcp']],
  ['8080:8000/udp', ['127.0.0.1 8080 8000/udp']],
  ['0.0.0.0:8080:8000', ['0.0.0.0 8080 8000/tcp']],
  ['10.0.0.7::8000', ['10.0.0.7 * 8000/tcp']],
  ['[::1]:8080:8000', ['::1 8080 8000/tcp']],
  ['8000-8001:9000-9001', ['127.0.0.1 8000 9000/tcp', '127.0.0.1 8001 9001/tcp']],
  ['8000-8010:8000', ['127.0.0.1 8000-8010 8000/tcp']],
  ['9000-9001', ['127.0.0.1 * 9000/tcp', '127.0.0.1 * 9001/tcp']],
  ['target=8000,published=8080,protocol=tcp', ['127.0.0.1 8080 8000/tcp']],
  ['target=8000,published=8080,host_ip=0.0.0.0', ['0.0.0.0 8080 8000/tcp']],
];

const refusals: readonly (readonly [text: string, says: RegExp])[] = [
  ['', /expected \[ip:\]\[host port:\]container port/],
  ['http:8000', /http is not a port/],
  ['70000:8000', /70000 is not a port/],
  ['8000-8001:9000-9002', /2 host ports for 3 container ports/],
  ['localhost:8000:8000', /localhost is not an IP address/],
  ['8000:8000/icmp', /unknown protocol icmp/],
  ['published=8000', /target= is missing/],
  ['target=8000,publish=1', /unknown key publish/],
  ['9-8:8000', /9-8 is not a port/],
];

describe('-p', () => {
  for (const [text, expected] of ports) {
    it(`reads ${text} and stays on 127.0.0.1 unless told otherwise`, () => {
      assert.deepEqual(short(text), expected);
    });
  }
  for (const [text, says] of refusals) {
    it(`refuses ${JSON.stringify(text)} and says why`, () => {
      assert.throws(() => parsePort(text), { code: 'USAGE', message: says });
    });
  }
});
