// Writes the manual pages of both programs into a folder: node main.js FOLDER VERSION DATE. Called by tools/man.js.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { writePages } from './pages.js';

const [folder = 'man', version = '', date = ''] = process.argv.slice(2);
mkdirSync(folder, { recursive: true });
for (const [name, text] of Object.entries(writePages({ version, date }))) writeFileSync(join(folder, name), text);
