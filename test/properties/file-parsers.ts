import protobuf from 'protobufjs';
import { AppError, messageOf } from '../../src/errors.js';
import { readAvifColor } from '../../src/image/color/plan-file.js';
import { readPngColor } from '../../src/image/color/png-color.js';
import { parseIccProfile } from '../../src/image/color/profile.js';
import { readPlainJpeg } from '../../src/image/files/jpeg-plain.js';
import { decodePlainJpeg } from '../../src/image/files/jpeg-rows.js';
import { hasAllUnits } from '../../src/image/files/jpeg-units.js';
import { withKernels } from '../../src/image/wasm/kernels.js';
import { parseNames } from '../../src/model/found/ultralytics.js';
import { WireReader } from '../../src/model/onnx/fields.js';
import { readStructure } from '../../src/model/onnx/structure-reader.js';
import { findsOnlyUtf8 } from '../../src/model/onnx/texts.js';
import { writeOnnx } from '../../src/model/onnx/writer.js';
import { parsePipeline } from '../../src/model/pipeline/pipeline-json.js';
import { proveRows } from '../../src/model/rows/prove.js';
import { parseTokenizerFile } from '../../src/model/tokenizer-file.js';
import { decodeInferMessage, readRequestHead } from '../../src/protocol/grpc/decode-request.js';
import { readTrail } from '../../src/server/pipelines/remote/trail.js';
import { parseConfigFile } from '../../src/server/settings/config-file.js';
import { boundaryOf, MjpegParser } from '../../src/server/stream/mjpeg.js';
import { readTelemetryPlan } from '../../src/server/telemetry/plan.js';
import { parseObject } from '../../src/store/json.js';
import { parseLocation } from '../../src/store/location.js';
import { parseChallenge } from '../../src/store/oci/registry.js';
import { chooseManifest, parseLayers } from '../../src/store/oci/manifest.js';
import { openTokenizer } from '../../src/tasks/text/tokenizer.js';
import { sumAndDifference } from '../support/models.js';
import { around, type Parser } from './inputs.js';

/** A ModelInferRequest with typed contents and with raw ones. */
function messageOfRequest(): Uint8Array {
  const writer = protobuf.Writer.create();
  writer.uint32(10).string('m').uint32(26).string('id');
  writer.uint32(42).fork().uint32(10).string('A').uint32(18).string('INT32');
  writer.uint32(26).fork().int64(2).int64(4).ldelim();
  writer.uint32(42).fork().uint32(18).fork();
  for (const value of [1, -2, 2_147_483_647, 0, 5, 6, 7, 8]) writer.int32(value);
  return writer.ldelim().ldelim().ldelim().finish();
}

const model = {
  name: 'm',
  inputs: [{ name: 'A', datatype: 'INT32', shape: [-1, 4] }],
  outputs: [{ name: 'Y', datatype: 'FP32', shape: [-1, 4] }],
  maxRows: 8,
} as const;

const pipeline =
  '{"steps":[{"name":"find","model":"boxes","options":{"score":0.5}},{"name":"read","model":"digits","url":"http://a:8000","crop":{"of":"find","labels":["x"],"margin":0.1}}]}';
const digest = `sha256:${'ab'.repeat(32)}`;
const manifest = `{"schemaVersion":2,"layers":[{"mediaType":"application/vnd.oci.image.layer.v1.tar+gzip","digest":"${digest}","size":3,"annotations":{"org.opencontainers.image.title":"a/model.onnx"}}],"manifests":[{"digest":"${digest}","platform":{"os":"linux","architecture":"amd64"}}]}`;
const tokenizer =
  '{"version":"1.0","added_tokens":[],"normalizer":{"type":"Lowercase"},"pre_tokenizer":{"type":"Whitespace"},"post_processor":null,"decoder":null,"model":{"type":"WordPiece","unk_token":"u","vocab":{"u":0,"a":1,"##b":2}}}';
const telemetry =
  'OTEL_EXPORTER_OTLP_ENDPOINT=http://a:4318\nOTEL_TRACES_EXPORTER=otlp\nOTEL_METRICS_EXPORTER=none\nOTEL_EXPORTER_OTLP_PROTOCOL=grpc\nOTEL_PROPAGATORS=tracecontext';
const frames = '--f\r\ncontent-type: image/jpeg\r\ncontent-length: 3\r\n\r\nabc\r\n--f\r\n\r\nxyz\r\n--f--';
const jpeg = Buffer.from(
  '/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAA0JCgsKCA0LCgsODg0PEyAVExISEyccHhcgLikxMC4pLSwzOko+MzZGNywtQFdBRkxOUlNSMj5aYVpQYEpRUk//2wBDAQ4ODhMREyYVFSZPNS01T09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT0//wAARCAAQABADASIAAhEBAxEB/8QAHwAAAQUBAQEBAQEAAAAAAAAAAAECAwQFBgcICQoL/8QAtRAAAgEDAwIEAwUFBAQAAAF9AQIDAAQRBRIhMUEGE1FhByJxFDKBkaEII0KxwRVS0fAkM2JyggkKFhcYGRolJicoKSo0NTY3ODk6Q0RFRkdISUpTVFVWV1hZWmNkZWZnaGlqc3R1dnd4eXqDhIWGh4iJipKTlJWWl5iZmqKjpKWmp6ipqrKztLW2t7i5usLDxMXGx8jJytLT1NXW19jZ2uHi4+Tl5ufo6erx8vP09fb3+Pn6/8QAHwEAAwEBAQEBAQEBAQAAAAAAAAECAwQFBgcICQoL/8QAtREAAgECBAQDBAcFBAQAAQJ3AAECAxEEBSExBhJBUQdhcRMiMoEIFEKRobHBCSMzUvAVYnLRChYkNOEl8RcYGRomJygpKjU2Nzg5OkNERUZHSElKU1RVVldYWVpjZGVmZ2hpanN0dXZ3eHl6goOEhYaHiImKkpOUlZaXmJmaoqOkpaanqKmqsrO0tba3uLm6wsPExcbHyMnK0tPU1dbX2Nna4uPk5ebn6Onq8vP09fb3+Pn6/9oADAMBAAIRAxEAPwDkLTTeny1s2mmdPlrXs9N6fLW9Z6Z0+WvNhU9qXlmZ2tqf/9k=',
  'base64',
);
const png = Buffer.from(
  '89504e470d0a1a0a0000000d494844520000000100000001080200000000000000000000046741 4d410000b18f00000000'.replace(
    ' ',
    '',
  ),
  'hex',
);
const profile = Buffer.alloc(200);
profile.write('RGB XYZ ', 16, 'latin1');
profile.write('acsp', 36, 'latin1');
profile.writeUInt32BE(200, 0);
profile.writeUInt32BE(1, 128);

const source = (bytes: Buffer) => ({
  size: bytes.length,
  read: (at: number, length: number) => bytes.subarray(at, at + length),
});

/** What has an error of its own for a fault of the input. */
function refusing<T>(parse: () => T): T {
  try {
    return parse();
  } catch (cause) {
    if (!(cause instanceof Error) || cause.constructor !== Error) throw cause;
    throw new AppError('INVALID_INPUT', messageOf(cause), { cause });
  }
}

/** The frames of a stream, the same however its bytes are cut. */
function framesOf(input: Buffer): string {
  const read = (step: number): string => {
    const found: string[] = [];
    const parser = new MjpegParser('f', { frameBytes: 64, headerBytes: 128 }, (frame) =>
      found.push(frame.toString('hex')),
    );
    for (let at = 0; at < input.length; at += step) parser.push(input.subarray(at, at + step));
    return found.join();
  };
  return refusing(() => {
    const whole = read(Math.max(1, input.length));
    if (read(1) !== whole) throw new TypeError('frames depend on how the bytes are cut');
    return whole;
  });
}

/** Every row, written. */
function decodeJpeg(input: Buffer): number | undefined {
  const plain = readPlainJpeg(input);
  if (plain === undefined || plain.width * plain.height > 1 << 16) return undefined;
  return withKernels((kernels) => {
    const rows = decodePlainJpeg(input, plain, kernels);
    if (rows !== undefined && !hasAllUnits(input, plain)) throw new TypeError('a JPEG is whole, and is not');
    rows?.write(0, rows.height, kernels.take(rows.width * rows.height * 3 + 64));
    return rows?.height;
  });
}

function environmentOf(input: Buffer): Record<string, string> {
  const pairs = input
    .toString('latin1')
    .split('\n')
    .map((line) => /^([^=]*)=?(.*)$/s.exec(line) ?? []);
  return Object.fromEntries(pairs.map(([, name = '', value = '']) => [name, value]));
}

function tokenize(input: Buffer): unknown {
  const companions = new Map([['tokenizer.json', input.toString('utf8')]]);
  return openTokenizer(parseTokenizerFile(companions)).encode('a ab b\u{20000}', 100);
}

/** Parsers of models' files, of places that models come from, of cameras and of messages over gRPC. */
export const fileParsers: readonly Parser[] = [
  { name: 'a message over gRPC', inputs: around(messageOfRequest()), parse: (input) => [readRequestHead(input), decodeInferMessage(input, model)] },
  { name: 'the graph of a model', inputs: around(writeOnnx(sumAndDifference)), parse: (input) => proveRows(readStructure(new WireReader(source(input)), input.length)) },
  { name: 'the texts of a model', inputs: around(writeOnnx(sumAndDifference)), parse: (input) => findsOnlyUtf8(new WireReader(source(input)), input.length) },
  { name: 'pipeline.json', inputs: around(pipeline), parse: (input) => parsePipeline(input.toString('utf8')) },
  { name: 'the trail of pipelines', inputs: around('a/b', 'a/b,c/d', ' , '), parse: (input) => readTrail(input.toString('latin1')) },
  { name: 'a file of settings', inputs: around('{"port":9000,"max-body-bytes":"32M","workers":2}'), parse: (input) => parseConfigFile(input.toString('utf8'), 'f.json') },
  { name: 'the environment of telemetry', inputs: around(telemetry), parse: (input) => readTelemetryPlan(environmentOf(input)) },
  { name: 'a tokenizer', inputs: around(tokenizer), parse: tokenize },
  { name: 'the names of classes', inputs: around("{0: 'a', 1: \"b\"}"), parse: (input) => parseNames(input.toString('utf8')) },
  { name: 'a manifest of a registry', inputs: around(manifest), parse: (input) => { const read = parseObject(input.toString('utf8')) ?? {}; return [chooseManifest(read, 'amd64'), parseLayers(read, 'r')]; } },
  { name: 'the challenge of a registry', inputs: around('Bearer realm="https://a/t",service="s",scope="repository:a:pull"', 'Basic realm=x'), parse: (input) => parseChallenge(input.toString('latin1')) },
  { name: 'a location of models', inputs: around('https://a/b.zip', 's3://b/k', 'oci://r/a:t', 'hf://o/n@v'), parse: (input) => parseLocation(input.toString('utf8')) },
  { name: 'the type of a stream', inputs: around('multipart/x-mixed-replace; boundary=f', 'multipart/mixed;boundary="a b"'), parse: (input) => refusing(() => boundaryOf(input.toString('latin1'))) },
  { name: 'a stream of images', inputs: around(frames), parse: framesOf },
  { name: 'a JPEG', inputs: around(jpeg), parse: decodeJpeg },
  { name: 'the colours of an image', inputs: around(png, profile, 'ftypavif'), parse: (input) => [readPngColor(input), readAvifColor(input), parseIccProfile(input)] },
]; // prettier-ignore
