// Feeds made-up inputs to every parser and counts what became of them: `node tools/fuzz.js [--inputs 1000000] [--seed 1] [--only NAME]`.
import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';
import fc from 'fast-check';

const { values } = parseArgs({
  options: {
    inputs: { type: 'string', default: '1000000' },
    seed: { type: 'string', default: '1' },
    only: { type: 'string', default: '' },
  },
});
const [inputs, seed] = [Number(values.inputs), Number(values.seed)];
if (!Number.isSafeInteger(inputs) || inputs < 1 || !Number.isSafeInteger(seed)) {
  throw new Error('--inputs and --seed: expected whole numbers, --inputs of 1 or more');
}

spawnSync(process.execPath, ['tools/build.js'], { stdio: 'inherit' });
const { tryParser } = await import('../dist/test/properties/inputs.js');
const { requestParsers } = await import('../dist/test/properties/request-parsers.js');
const { fileParsers } = await import('../dist/test/properties/file-parsers.js');
const { transferParsers } = await import('../dist/test/properties/transfer-parsers.js');
const { optionParsers } = await import('../dist/test/properties/option-parsers.js');
const parsers = [...requestParsers, ...fileParsers, ...transferParsers, ...optionParsers].filter(({ name }) =>
  name.includes(values.only),
);

const each = Math.ceil(inputs / parsers.length);
const total = { inputs: 0, value: 0, refusal: 0, faults: 0 };
for (const parser of parsers) {
  const seen = { value: 0, refusal: 0 };
  const property = fc.asyncProperty(parser.inputs, async (input) => {
    seen[await tryParser(parser, input)] += 1;
  });
  const { failed, counterexample, errorInstance, numRuns } = await fc.check(property, { numRuns: each, seed });
  total.inputs += numRuns;
  total.value += seen.value;
  total.refusal += seen.refusal;
  process.stdout.write(`${parser.name}: ${numRuns} inputs, ${seen.value} values, ${seen.refusal} refusals\n`);
  if (!failed) continue;
  total.faults += 1;
  process.stdout.write(
    `  FAULT ${errorInstance?.stack}\n  input ${JSON.stringify(counterexample?.[0]?.toString('latin1'))}\n`,
  );
}
process.stdout.write(`${JSON.stringify(total)}\n`);
process.exitCode = total.faults === 0 ? 0 : 1;
