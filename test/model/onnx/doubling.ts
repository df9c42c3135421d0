import { nodeField, opsetField, writeOnnx, type Graph } from '../../../src/model/onnx/writer.js';
import { bytesField, concat, type Field } from '../../../src/model/onnx/wire.js';

const domain = 'doubling';

/** A node where FunctionProto has it, in field 7. */
function bodyNode(op: string, [from, to]: readonly [string, string], of = domain): Field {
  const field = Uint8Array.from(nodeField({ op, domain: of, inputs: [from], outputs: [to] }));
  field[0] = (7 << 3) | 2;
  return field;
}

/** FunctionProto: name 1, input 4, output 5, node 7, opset_import 9, domain 10. */
function functionField(name: string, nodes: readonly Field[]): Field {
  const imports = [opsetField('', 17), opsetField(domain, 1)].map((field) => {
    const copy = Uint8Array.from(field);
    copy[0] = (9 << 3) | 2;
    return copy;
  });
  return bytesField(25, [
    bytesField(1, name),
    bytesField(4, 'in'),
    bytesField(5, 'out'),
    ...nodes,
    ...imports,
    bytesField(10, domain),
  ]);
}

/** A small file in which each of so many functions calls the one before it twice: followed call by call, 2^count of them. */
export function writeDoubling(count: number, more: Pick<Graph, 'nodes'> = { nodes: [] }): Uint8Array {
  const graph = writeOnnx({
    name: 'doubling',
    opsets: { [domain]: 1 },
    inputs: [{ name: 'x', datatype: 'FP32', shape: [null, 4] }],
    outputs: [{ name: 'y', datatype: 'FP32', shape: [null, 4] }],
    nodes: [{ op: `f${count}`, domain, inputs: ['x'], outputs: ['y'] }, ...more.nodes],
  });
  const doubled = Array.from({ length: count }, (_, index) =>
    functionField(`f${index + 1}`, [bodyNode(`f${index}`, ['in', 'mid']), bodyNode(`f${index}`, ['mid', 'out'])]),
  );
  return concat([graph, functionField('f0', [bodyNode('Relu', ['in', 'out'], '')]), ...doubled]);
}
