/**
 * Compares our tokenizer with what the reference recorded: `python record.py record FOLDER N FILE`, then `node compare.js FOLDER FILE`.
 * Ends with 1 where a text has other numbers.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseTokenizerFile } from '../../dist/src/model/tokenizer-file.js';
import { openTokenizer } from '../../dist/src/tasks/text/tokenizer.js';

const [folder, file] = process.argv.slice(2);
const { maxLength, texts, ids } = JSON.parse(readFileSync(file, 'utf8'));
let all = 0;
for (const [kind, { whole, cut, types }] of Object.entries(ids)) {
  const json = readFileSync(join(folder, `${kind}.json`), 'utf8');
  const tokenizer = openTokenizer(parseTokenizerFile(new Map([['tokenizer.json', json]])));
  const isOther = (text, n) => {
    const own = tokenizer.encode(text, Infinity);
    const short = tokenizer.encode(text, maxLength).ids;
    return (
      String(own.ids) !== String(whole[n]) ||
      String(own.types) !== String(types[n]) ||
      String(short) !== String(cut[n] ?? whole[n])
    );
  };
  const others = texts.filter(isOther);
  all += others.length;
  process.stdout.write(`${kind}: ${others.length} of ${texts.length} differ\n`);
  for (const text of others.slice(0, 5)) process.stdout.write(`  ${JSON.stringify(text).slice(0, 200)}\n`);
}
process.exitCode = all > 0 ? 1 : 0;
