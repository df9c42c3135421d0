import { gzipSync, deflateSync } from 'node:zlib';
import { parseDevice } from '../../src/launch/request/flags/devices.js';
import { parseEnvFile } from '../../src/launch/request/flags/env.js';
import { parseGpus } from '../../src/launch/request/flags/gpus.js';
import { parseMount } from '../../src/launch/request/flags/mounts.js';
import { parsePlatform, parseRestart, parseTmpfs, parseUlimit } from '../../src/launch/request/flags/policies.js';
import { parsePort } from '../../src/launch/request/flags/ports.js';
import { parseBytes, parseDuration } from '../../src/launch/request/flags/sizes.js';
import { parseLabels } from '../../src/model/labels.js';
import { decodeRawRequest } from '../../src/protocol/v2/decode-request.js';
import { parseCpuMax } from '../../src/resources/cgroup.js';
import { parseGpuCsv } from '../../src/resources/gpu-readings.js';
import { chooseCoding, decodeBody } from '../../src/server/http/body/content-encoding.js';
import { MemoryBudget, RequestMemory } from '../../src/server/memory/memory-budget.js';
import { parseNpy } from '../../src/tool/predict/npy.js';
import { around, type Parser } from './inputs.js';

const model = {
  name: 'm',
  inputs: [{ name: 'A', datatype: 'FP32', shape: [-1, 2] }],
  outputs: [{ name: 'Y', datatype: 'FP32', shape: [-1, 2] }],
  maxRows: 8,
} as const;

const npyHead = "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2), }".padEnd(117) + '\n';
const npy = Buffer.concat([
  Buffer.from([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, npyHead.length, 0]),
  Buffer.from(npyHead),
  Buffer.alloc(8),
]);

/** What is compressed, in each coding, with what it holds of a budget given back. */
async function unfold(input: Buffer): Promise<readonly number[]> {
  const budget = new MemoryBudget(1 << 20);
  const results = await Promise.allSettled(
    ['gzip', 'deflate'].map(async (coding) => {
      const memory = new RequestMemory(budget);
      const body = await decodeBody(input, coding, { limitBytes: 4096, memory }).finally(() => memory.close());
      return body.length;
    }),
  );
  if (budget.usedBytes !== 0) throw new TypeError(`${budget.usedBytes} bytes of the budget were not given back`);
  const failed = results.find(({ status }) => status === 'rejected');
  if (results.every(({ status }) => status === 'rejected')) throw (failed as PromiseRejectedResult).reason;
  return results.map((result) => (result.status === 'fulfilled' ? result.value : -1));
}

const text = (input: Buffer): string => input.toString('utf8');

/** Parsers of what stands around a body, of labels and arrays, of the machine's own files, and of flags. */
export const optionParsers: readonly Parser[] = [
  { name: 'a raw request', inputs: around(Buffer.alloc(8), Buffer.alloc(24, 1)), parse: (input) => decodeRawRequest(input, model) },
  { name: 'a compressed body', inputs: around(gzipSync('abc'.repeat(100)), deflateSync('abc'), gzipSync(Buffer.alloc(10_000))), parse: unfold },
  { name: 'a NumPy array', inputs: around(npy), parse: (input) => parseNpy(input) },
  { name: 'a mount', inputs: around('type=bind,source=/a,target=/b,readonly', 'type=volume,src=v,dst=/b,"a=b"'), parse: (input) => parseMount(text(input), { cwd: '/', homeFolder: '/', platform: 'linux' }) },
  { name: 'GPUs of a launch', inputs: around('all', '2', 'device=0,1', '"device=MIG-GPU-a/1/0,GPU-b"', 'driver=nvidia,count=1'), parse: (input) => parseGpus(text(input)) },
  { name: 'a device', inputs: around('/dev/a:/dev/b:rwm', 'nvidia.com/gpu=all'), parse: (input) => parseDevice(text(input)) },
  { name: 'a published port', inputs: around('8000:8000/tcp', '127.0.0.1:80-81:90-91', 'published=80,target=90'), parse: (input) => parsePort(text(input)) },
  { name: 'a limit of a process', inputs: around('nofile=64:128', 'core=-1'), parse: (input) => parseUlimit(text(input)) },
  { name: 'a tmpfs', inputs: around('/a:size=1m,ro', '/a'), parse: (input) => parseTmpfs(text(input)) },
  { name: 'a platform', inputs: around('linux/amd64', 'linux/arm/v7'), parse: (input) => parsePlatform(text(input)) },
  { name: 'a restart policy', inputs: around('on-failure:3', 'always', 'no'), parse: (input) => parseRestart(text(input)) },
  { name: 'a size', inputs: around('64M', '1.5 GiB', '0'), parse: (input) => parseBytes('--memory', text(input)) },
  { name: 'a duration', inputs: around('1m30s', '500ms', '2h'), parse: (input) => parseDuration('--timeout', text(input)) },
  { name: 'a file of variables', inputs: around('A=b\n# c\nD\n', '\ufeffA="b"\r\n'), parse: (input) => parseEnvFile(text(input), 'f', {}) },
  { name: 'Accept-Encoding', inputs: around('gzip, deflate;q=0.5, *;q=0', 'br;q=1.0, identity'), parse: (input) => chooseCoding(input.toString('latin1')) },
  { name: 'labels', inputs: around('a\nb\r\n', '\ufeffa\n\n'), parse: (input) => parseLabels(text(input)) },
  { name: 'the CPUs of a container', inputs: around('100000 100000', 'max 100000'), parse: (input) => parseCpuMax(text(input)) },
  { name: 'the readings of GPUs', inputs: around('0, GPU-a, Name, 10, 20, [N/A]\n'), parse: (input) => parseGpuCsv(text(input)) },
]; // prettier-ignore
