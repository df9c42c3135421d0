import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { arrayOf, datatypes, type Datatype } from '../../../src/tensor/datatype.js';
import type { Tensor } from '../../../src/tensor/tensor.js';
import {
  pack,
  unpack,
  type Packet,
  decodeRan,
  decodeRun,
  encodeRan,
  encodeRun,
} from '../../../src/workers/run-codec.js';

const bytes = (length: number): Tensor => ({
  datatype: 'UINT8',
  shape: [length],
  data: Uint8Array.from({ length }, (_, index) => index),
});

const roundTrip = (packet: Packet): Packet => unpack(pack(packet) ?? '');

describe('a packet', () => {
  it('carries every bit of every datatype, in any order of sizes', () => {
    const tensors = (Object.keys(datatypes) as Datatype[]).flatMap((datatype): [string, Tensor][] => {
      if (datatype === 'BYTES') return [];
      const raw = Uint8Array.from({ length: 3 * datatypes[datatype].bytes }, (_, index) => 251 * index);
      return [[datatype, { datatype, shape: [3, 1], data: new (arrayOf(datatype))(raw.buffer) }]];
    });
    const { groups } = roundTrip({ topic: 't', figures: [], groups: [[['u', bytes(3)], ...tensors]] });
    assert.equal(groups.length, 1);
    for (const [index, [name, tensor]] of [['u', bytes(3)] as const, ...tensors].entries()) {
      const [gotName, got] = groups[0]?.[index] ?? [];
      assert.equal(gotName, name);
      assert.deepEqual([got?.datatype, got?.shape], [tensor.datatype, tensor.shape]);
      const rawOf = ({ data }: Tensor) =>
        Buffer.from(
          (data as Uint8Array<ArrayBuffer>).buffer,
          (data as Uint8Array).byteOffset,
          (data as Uint8Array).byteLength,
        );
      assert.deepEqual(rawOf(got as Tensor), rawOf(tensor));
    }
  });

  it('keeps names with its own signs in them, scalars, empty tensors, figures and groups', () => {
    const packet: Packet = {
      topic: '7:2:a,b',
      figures: [1.5, -0, 9e15],
      groups: [
        [
          [' :;,/\n%grün', { datatype: 'FP64', shape: [], data: Float64Array.of(Math.PI) }],
          ['', { datatype: 'INT64', shape: [0, 4], data: new BigInt64Array(0) }],
        ],
        [],
        [['x', bytes(5)]],
      ],
    };
    assert.deepEqual(roundTrip(packet), packet);
    assert.deepEqual(roundTrip(packet), packet);
  });

  it('is not made of texts or of more than 4 KiB', () => {
    const group = (tensor: Tensor): Packet => ({ topic: 't', figures: [], groups: [[['x', tensor]]] });
    assert.equal(pack(group({ datatype: 'BYTES', shape: [1], data: ['a'] })), undefined);
    assert.equal(pack(group(bytes(4097))), undefined);
    assert.deepEqual(roundTrip(group(bytes(4096))), group(bytes(4096)));
    assert.deepEqual(roundTrip(group(bytes(4095))), group(bytes(4095)));
  });
});

describe('a run on its way', () => {
  it('is the same whether it crosses as a packet or as an object', () => {
    const job = {
      requests: [new Map([['a b', bytes(4)]]), new Map([['a b', bytes(4)]])],
      rows: 8,
      outputs: ['y,1', 'z:2'],
    };
    const { message, transfer } = encodeRun(12, job);
    assert.deepEqual(transfer, []);
    assert.deepEqual(decodeRun(message as string), {
      kind: 'run',
      session: 12,
      requests: [[['a b', bytes(4)]], [['a b', bytes(4)]]],
      rows: 8,
      outputs: ['y,1', 'z:2'],
    });
    const large = encodeRun(12, { ...job, requests: [new Map([['x', bytes(10_000)]])] });
    assert.equal(large.transfer.length, 1);
    assert.equal(typeof large.message, 'object');
  });

  it('comes back with its times', () => {
    const timing = { inputNs: 1, computeNs: 20_000, outputNs: 3 };
    for (const tensor of [bytes(3), bytes(9000)]) {
      const { message } = encodeRan({ kind: 'ran', outputs: [['y', tensor]], timing });
      assert.deepEqual(decodeRan(message), { outputs: new Map([['y', tensor]]), timing });
    }
  });
});
