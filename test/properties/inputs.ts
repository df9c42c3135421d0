import fc from 'fast-check';

/** A parser with inputs for it: right ones, right ones with bytes changed, and anything at all. */
export interface Parser {
  readonly name: string;
  readonly inputs: fc.Arbitrary<Buffer>;
  /** Answers anything, or throws an AppError that lays the fault to the input. */
  readonly parse: (input: Buffer) => unknown;
}

const texts: readonly string[] = [
  '{',
  '}',
  '[',
  ']',
  '"',
  '\\u',
  '\\',
  ',',
  ':',
  '-',
  '1e999',
  '0.',
  'null',
  'NaN',
  '\0',
  '\r\n',
  '--x',
  '\u202e',
  '9007199254740993',
];

/** One change to bytes: some are overwritten, cut out, doubled or put in. */
function change(bytes: Buffer, [at, count, put]: readonly [number, number, Buffer]): Buffer {
  const from = Math.floor(at * (bytes.length + 1));
  return Buffer.concat([bytes.subarray(0, from), put, bytes.subarray(from + count)]);
}

/** Right inputs, right ones with bytes changed, and anything at all. */
export function around(...seeds: readonly (string | Uint8Array)[]): fc.Arbitrary<Buffer> {
  const buffers = seeds.map((seed) => Buffer.from(seed as Uint8Array));
  const put = fc.oneof(
    fc.uint8Array({ maxLength: 4 }).map((bytes) => Buffer.from(bytes)),
    fc.constantFrom(...texts).map((text) => Buffer.from(text)),
    fc.constantFrom(...buffers).chain((bytes) => fc.nat(bytes.length).map((from) => bytes.subarray(from, from + 40))),
  );
  const changes = fc.array(
    fc.tuple(
      fc.maxSafeNat().map((place) => place / Number.MAX_SAFE_INTEGER),
      fc.nat(12),
      put,
    ),
    { maxLength: 4 },
  );
  return fc.oneof(
    {
      weight: 8,
      arbitrary: fc.tuple(fc.constantFrom(...buffers), changes).map(([seed, all]) => all.reduce(change, seed)),
    },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)) },
    { weight: 1, arbitrary: fc.json().map((text) => Buffer.from(text)) },
  );
}

const refusals: ReadonlySet<unknown> = new Set([
  'INVALID_INPUT',
  'MODEL_INVALID',
  'USAGE',
  'PAYLOAD_TOO_LARGE',
  'UNSUPPORTED_ENCODING',
]);

/** Whether something thrown lays the fault to the input. */
export function isRefusal(thrown: unknown): boolean {
  return thrown instanceof Error && thrown.name === 'AppError' && refusals.has((thrown as { code?: unknown }).code);
}

/** What a parser made of an input: a value, a refusal, or a fault of its own, which is thrown. */
export async function tryParser({ parse }: Parser, input: Buffer): Promise<'value' | 'refusal'> {
  try {
    await parse(Buffer.from(input));
    return 'value';
  } catch (thrown) {
    if (isRefusal(thrown)) return 'refusal';
    throw thrown;
  }
}
