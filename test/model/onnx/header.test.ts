import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AppError } from '../../../src/errors.js';
import type { ByteSource } from '../../../src/model/onnx/fields.js';
import { parseOnnxModel } from '../../../src/model/onnx/header.js';
import { bytesField, concat, floatField, integerField, varint, type Field } from '../../../src/model/onnx/wire.js';
import { writeOnnx } from '../../../src/model/onnx/writer.js';
import { failsOnLargeIndex } from '../../support/models.js';
import { createRandom } from '../../../src/tensor/random.js';
import { randomGraph } from './random-graphs.js';

/** The bytes as a source that counts what was read. */
function sourceOf(bytes: Uint8Array): ByteSource & { bytesRead: number } {
  return {
    size: bytes.length,
    bytesRead: 0,
    read(at, length) {
      this.bytesRead += length;
      return bytes.subarray(at, Math.min(at + length, bytes.length));
    },
  };
}

const parse = (bytes: Uint8Array) => parseOnnxModel(sourceOf(bytes)).header;

/** A ModelProto around the fields of a graph. */
const model = (graph: readonly Field[], irVersion = 8) =>
  concat([integerField(1, irVersion), bytesField(7, graph), bytesField(8, [integerField(2, 17)])]);

const typed = (name: string, type: readonly Field[]) => [bytesField(1, name), bytesField(2, type)];
const tensorType = (elementType: number, dims: readonly Field[][]) => [
  bytesField(1, [
    integerField(1, elementType),
    bytesField(
      2,
      dims.map((dim) => bytesField(1, dim)),
    ),
  ]),
];
const fp32 = tensorType(1, [[integerField(1, 2)]]);
const output = bytesField(12, typed('Y', fp32));

describe('parseOnnxModel', () => {
  it('gives back what the writer wrote, for a few hundred random graphs', () => {
    const random = createRandom(7);
    for (let round = 0; round < 300; round++) {
      const graph = randomGraph(random);
      const header = parse(writeOnnx(graph));
      const plain = (values: typeof header.inputs) =>
        values.map(({ name, datatype, shape, dimNames }) => ({
          name,
          datatype,
          shape: shape.map((size, axis) => (size === -1 ? dimNames[axis] || null : size)),
        }));
      const count = (op: string) => graph.nodes.filter((n) => (n.domain === '' ? n.op : `com.example:${n.op}`) === op);
      assert.deepEqual(plain(header.inputs), graph.inputs);
      assert.deepEqual(plain(header.outputs), graph.outputs);
      assert.deepEqual({ ...header.metadata }, { ...graph.metadata });
      assert.deepEqual({ ...header.opsets }, { 'ai.onnx': graph.opset });
      assert.deepEqual([header.producer, header.irVersion], ['slipway', 8]);
      for (const [op, nodes] of Object.entries(header.operators)) assert.equal(nodes, count(op).length, op);
    }
  });

  it('answers MODEL_INVALID, and nothing else, for a file cut off anywhere', () => {
    const whole = writeOnnx({ ...failsOnLargeIndex, metadata: { key: 'value' } });
    for (let length = 0; length < whole.length; length++) {
      try {
        parse(whole.subarray(0, length));
      } catch (error) {
        assert.ok(error instanceof AppError && error.code === 'MODEL_INVALID', `${length}: ${String(error)}`);
      }
    }
  });

  it('answers MODEL_INVALID, and nothing else, for thousands of damaged files', () => {
    const random = createRandom(11);
    const whole = writeOnnx({ ...failsOnLargeIndex, metadata: { key: 'value' } });
    for (let round = 0; round < 5000; round++) {
      const bytes = Uint8Array.from(whole);
      for (let hit = 0; hit < 3; hit++) bytes[Math.floor(random() * bytes.length)] = Math.floor(random() * 256);
      try {
        parse(bytes);
      } catch (error) {
        assert.ok(error instanceof AppError && error.code === 'MODEL_INVALID', String(error));
      }
    }
  });

  it('skips weights without reading them', () => {
    const weights = new Float32Array(1_000_000);
    const bytes = writeOnnx({
      ...failsOnLargeIndex,
      initializers: [{ name: 'table', datatype: 'FP32', shape: [weights.length], data: weights }],
    });
    const source = sourceOf(bytes);
    parseOnnxModel(source);
    assert.ok(bytes.length > 4_000_000 && source.bytesRead < 100_000, `${source.bytesRead} bytes read`);
  });

  it('reads a forest of half a million tree nodes, whose attributes are some ten million fields', () => {
    const nodes = 500_000;
    const repeated = (field: Field) => {
      const bytes = new Uint8Array(field.length * nodes);
      for (let at = 0; at < bytes.length; at += field.length) bytes.set(field, at);
      return bytes;
    };
    const list = (name: string, item: Field) => bytesField(5, [bytesField(1, name), repeated(item)]);
    const integers = ['nodes_treeids', 'nodes_nodeids', 'nodes_featureids', 'nodes_truenodeids', 'class_ids'];
    const forest = bytesField(1, [
      bytesField(4, 'TreeEnsembleClassifier'),
      ...integers.map((name) => list(name, integerField(8, 300))),
      list('nodes_hitrates', floatField(7, 0.5)),
      list('nodes_values', floatField(7, -1.5)),
      list('nodes_missing_value_tracks_true', integerField(8, -1)),
      list('nodes_modes', bytesField(9, 'BRANCH_LEQ')),
      bytesField(7, 'ai.onnx.ml'),
    ]);
    const header = parse(model([forest, bytesField(11, typed('X', fp32)), output]));
    assert.deepEqual(header.operators, { 'ai.onnx.ml:TreeEnsembleClassifier': 1 });
    assert.deepEqual(header.outputs[0]?.shape, [2]);
  });

  it('reads graphs of a hundred thousand nodes and initializers, names of megabytes, and texts that add up to more', () => {
    const node = bytesField(1, [bytesField(1, 'x'), bytesField(2, 'x'), bytesField(4, 'Relu')]);
    const weight = bytesField(5, [integerField(1, 1), bytesField(8, 'w'.repeat(300))]);
    const many = (field: Field) => Array.from({ length: 100_000 }, () => field);
    const name = 'y'.repeat(3 << 20);
    const header = parse(
      model([...many(node), bytesField(2, name), ...many(weight), bytesField(12, typed(name, fp32))]),
    );
    assert.deepEqual(header.operators, { Relu: 100_000 });
    assert.deepEqual(header.outputs[0]?.name, name);
  });

  it('keeps megabytes of metadata, and cuts what is beyond its share of memory', () => {
    const entry = (key: string, value: string) => bytesField(14, [bytesField(1, key), bytesField(2, value)]);
    const value = 'é'.repeat(5 << 20);
    const entries = ['a', 'b', 'c', 'd', 'e'].map((key) => entry(key, value));
    const { metadata } = parse(concat([model([output]), ...entries]));
    assert.equal(metadata['c'], value);
    assert.equal(metadata['d'], `${'é'.repeat(1 << 20)}… (cut: ${10 << 20} bytes in the file)`);
    assert.equal(metadata['e'], `… (cut: ${10 << 20} bytes in the file)`);
  });

  it('refuses what would take more memory than any model needs, and reads no further', () => {
    const input = bytesField(11, [bytesField(1, 'x')]);
    const inputs = new Uint8Array(input.length * 2_500_000);
    for (let at = 0; at < inputs.length; at += input.length) inputs.set(input, at);
    assert.throws(() => parse(model([inputs, output])), { code: 'MODEL_INVALID', message: /names take more than/ });
    const domain = concat([varint((4 << 3) | 2), varint(290 << 20)]);
    const bytes = concat([integerField(1, 8), domain]);
    const source = {
      size: bytes.length + (290 << 20),
      read: (at: number, length: number) => bytes.subarray(at, at + length),
    };
    assert.throws(() => parseOnnxModel(source), {
      code: 'MODEL_INVALID',
      message: /names take more than/,
    });
  });

  it('leaves initializers out of the inputs before IR version 4, and lists them as inputs with a default after that', () => {
    const graph = [
      bytesField(5, [bytesField(8, 'W'), integerField(2, 1)]),
      bytesField(11, typed('X', fp32)),
      bytesField(11, typed('W', fp32)),
      output,
    ];
    const names = (irVersion: number) => {
      const { inputs, defaultedInputs } = parse(model(graph, irVersion));
      return [inputs, defaultedInputs].map((values) => values.map(({ name }) => name));
    };
    assert.deepEqual(names(3), [['X'], []]);
    assert.deepEqual(names(4), [['X'], ['W']]);
  });

  it('reads a negative dimension as variable and a value without a shape as unranked', () => {
    const negative = tensorType(1, [[integerField(1, -1)], [integerField(1, 3)]]);
    const unranked = [bytesField(1, [integerField(1, 1)])];
    const inputs = [bytesField(11, typed('X', negative)), bytesField(11, typed('A', unranked))];
    const header = parse(model([...inputs, output, bytesField(12, typed('Z', unranked))]));
    assert.deepEqual(header.inputs[0]?.shape, [-1, 3]);
    assert.deepEqual(header.inputs[1], { name: 'A', datatype: 'FP32', shape: [], dimNames: [], unranked: true });
    assert.deepEqual(header.outputs[1], { name: 'Z', datatype: 'FP32', shape: [], dimNames: [], unranked: true });
  });

  it('counts operators inside the bodies of If and Loop and lists their external files', () => {
    const weights = [
      bytesField(8, 'W'),
      bytesField(13, [bytesField(1, 'location'), bytesField(2, 'inner.bin')]),
      integerField(14, 1),
    ];
    const body = [bytesField(1, [bytesField(4, 'Relu')]), bytesField(5, weights)];
    const header = parse(model([bytesField(1, [bytesField(4, 'If'), bytesField(5, [bytesField(6, body)])]), output]));
    assert.deepEqual(header.operators, { Relu: 1, If: 1 });
    assert.deepEqual(header.externalData, ['inner.bin']);
  });

  const refusals: readonly (readonly [string, Uint8Array, RegExp])[] = [
    ['an empty file', new Uint8Array(), /it is empty\. Expected a complete ONNX file\./],
    [
      'a link saved as text',
      Buffer.from('../../blobs/5e1c9a'),
      /names '\.\.\/\.\.\/blobs\/5e1c9a': a symbolic link that was saved/,
    ],
    ['a Git LFS pointer', Buffer.from('version https://git-lfs.github.com/spec/v1\n'), /Git LFS pointer.*git lfs pull/],
    ['an ORT format file', Buffer.from('\x10\0\0\0ORTM'), /ORT format/],
    ['a TensorFlow Lite file', Buffer.from('\x10\0\0\0TFL3'), /TensorFlow Lite/],
    ['a PyTorch archive', Buffer.from('PK\x03\x04abc'), /PyTorch/],
    ['a file that gzip compressed', Buffer.from([0x1f, 0x8b, 8, 0]), /compressed with gzip \(gunzip it\)/],
    ['a Keras file', Buffer.from('\x89HDF\r\n', 'latin1'), /HDF5/],
    ['JSON', Buffer.from('{"irVersion": "8", "graph": {}}'), /it is a text, as JSON.*binary form/],
    ['text of protobuf', Buffer.from('ir_version: 8\ngraph {}'), /it is a text, as JSON.*binary form/],
    ['a web page', Buffer.from('\n<!DOCTYPE html>'), /HTML/],
    ['a file without a graph', integerField(1, 8), /it has no graph/],
    ['two graphs', concat([bytesField(7, [output]), bytesField(7, [output])]), /more than one graph/],
    ['a graph without outputs', model([]), /its graph has no output/],
    [
      'a sequence',
      model([bytesField(12, typed('Y', [bytesField(4, [])]))]),
      /output 'Y' is a sequence of values, which the runtime cannot pass out/,
    ],
    ['a map', model([bytesField(11, typed('X', [bytesField(5, [])])), output]), /input 'X' is a map/],
    ['complex64', model([bytesField(12, typed('Y', tensorType(14, [])))]), /'Y' is a tensor of complex64, which/],
    ['an input without a type', model([bytesField(11, [bytesField(1, 'X')]), output]), /'X' is a value without a type/],
    ['graphs nested too deep', model([nested(40), output]), /nested more than 33 deep/],
  ];

  for (const [what, bytes, message] of refusals) {
    it(`refuses ${what} and says why`, () => {
      assert.throws(() => parse(bytes), { code: 'MODEL_INVALID', message });
    });
  }

  for (const location of [
    '../w.bin',
    'a/../../w',
    '/etc/passwd',
    'C:\\w',
    'a\\..\\w',
    '',
    '*/_ORT_MEM_ADDR_/*',
    'a\0b',
  ]) {
    it(`refuses weights in ${JSON.stringify(location)}`, () => {
      const external = bytesField(13, [bytesField(1, 'location'), bytesField(2, location)]);
      const tensor = bytesField(5, [bytesField(8, 'W'), external, integerField(14, 1)]);
      assert.throws(() => parse(model([tensor, output])), {
        code: 'MODEL_INVALID',
        message: /The model keeps weights in '.*'\. Expected a file in the model's own folder/,
      });
    });
  }
});

/** A node whose body holds a node whose body ... */
function nested(depth: number): Field {
  let body: readonly Field[] = [];
  for (let level = 0; level < depth; level++) body = [bytesField(1, [bytesField(5, [bytesField(6, body)])])];
  return body[0]!;
}
