import { InferenceSession, Tensor } from 'onnxruntime-node';

const rows = 3;
const sizes = [1, 2, 3, 7, 16, 32, 48, 64, 80, 128, 160, 224, 256, 320, 512, 640, 1000, 1024, 2048];
/** Rows are of different scale, so that what one of them does to another shows. */
const scales = [1, 100, 0.01, 10, 0];
const most = [2, 5, 2, 10, 1];

const arrays = {
  float32: Float32Array,
  float64: Float64Array,
  int64: BigInt64Array,
  uint64: BigUint64Array,
  int32: Int32Array,
  uint32: Uint32Array,
  int16: Int16Array,
  uint16: Uint16Array,
  int8: Int8Array,
  uint8: Uint8Array,
  bool: Uint8Array,
};

/**
 * Compares plain ONNX Runtime's answers of three rows together with those of each alone, for up to three sizes of the other
 * variable dimensions. Answers `agrees`, or what differs, or why it could not be tried.
 */
export async function compareRows(path, random) {
  let session;
  try {
    session = await InferenceSession.create(path, { intraOpNumThreads: 1, logSeverityLevel: 4 });
  } catch (error) {
    return `not tried: ${firstLine(error)}`;
  }
  let [tried, problem] = [0, ''];
  for (const size of sizes) {
    const outcome = await tryOne(session, size, (row, type, shape) => draw({ random, type, shape, row: row + tried }));
    if (outcome.difference !== undefined) return `differs (${outcome.difference})`;
    if (outcome.problem === undefined) tried++;
    else problem = outcome.problem;
    if (tried === 3) break;
  }
  await session.release();
  return tried === 0 ? `not tried: ${problem}` : 'agrees';
}

async function tryOne(session, size, make) {
  const inputs = session.inputMetadata.map(({ name, type, shape }) => ({
    name,
    type,
    shape: shape.map((dim, axis) => (axis === 0 ? 1 : typeof dim === 'number' && dim >= 0 ? dim : size)),
  }));
  let alone, feeds;
  try {
    feeds = Array.from({ length: rows }, (_, row) => inputs.map(({ type, shape }) => make(row, type, shape)));
    alone = [];
    for (const data of feeds) alone.push(await session.run(feedOf(inputs, data, 1)));
  } catch (error) {
    return { problem: firstLine(error) };
  }
  try {
    const data = inputs.map((_, input) => concat(feeds.map((feed) => feed[input])));
    return { difference: findDifference(alone, await session.run(feedOf(inputs, data, rows))) };
  } catch (error) {
    return { difference: `rows together fail: ${firstLine(error)}` };
  }
}

function feedOf(inputs, data, count) {
  return Object.fromEntries(
    inputs.map(({ name, type, shape }, index) => [
      name,
      new Tensor(type, data[index].slice(), [count, ...shape.slice(1)]),
    ]),
  );
}

function draw({ random, type, shape, row }) {
  const length = shape.reduce((product, dim) => product * dim, 1);
  const integer = () => Math.floor(random() * most[row % most.length]);
  const makers = { bool: () => Number(random() > 0.5), string: () => `w${integer()}` };
  const isFloat = type.startsWith('float');
  const isLong = type.endsWith('int64');
  const one =
    makers[type] ??
    (isFloat ? () => (random() * 2 - 1) * scales[row % scales.length] : isLong ? () => BigInt(integer()) : integer);
  if (type === 'string') return Array.from({ length }, one);
  if (arrays[type] === undefined) throw new Error(`inputs of type ${type} are not drawn`);
  return arrays[type].from({ length }, one);
}

function concat(parts) {
  if (Array.isArray(parts[0])) return parts.flat();
  const all = new parts[0].constructor(parts.reduce((sum, part) => sum + part.length, 0));
  parts.forEach((part, index) => all.set(part, index * part.length));
  return all;
}

function findDifference(alone, together) {
  for (const [name, whole] of Object.entries(together)) {
    if (whole.dims[0] !== rows) return `${name} has the shape [${whole.dims}] for ${rows} rows`;
    const length = whole.data.length / rows;
    for (const [row, outputs] of alone.entries()) {
      const part = outputs[name].data;
      if (part.length !== length) return `${name} of row ${row} has another length`;
      const scale = part.reduce((max, value) => Math.max(max, Math.abs(Number(value)) || 0), 0);
      for (let at = 0; at < length; at++) {
        if (!isNear(part[at], whole.data[row * length + at], scale)) return `${name} of row ${row}`;
      }
    }
  }
  return undefined;
}

function isNear(left, right, scale) {
  if (typeof left === 'string') return left === right;
  const [one, other] = [Number(left), Number(right)];
  return Object.is(one, other) || Math.abs(one - other) <= 1e-3 * scale + 1e-5;
}

function firstLine(error) {
  return (error instanceof Error ? error.message : String(error)).split('\n')[0].slice(0, 120);
}
