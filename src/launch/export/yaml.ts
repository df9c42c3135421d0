import { Document, parse, visit, type Scalar } from 'yaml';

/** Documents as text that readers of YAML 1.1 and 1.2 take alike, with comment lines before the first. */
export function writeYaml(documents: readonly object[], comments: readonly string[] = []): string {
  const head = comments.map((line) => `# ${line.replaceAll(/[\r\n]+/g, ' ')}\n`).join('');
  return head + documents.map(writeDocument).join('---\n');
}

function writeDocument(content: object): string {
  const document = new Document(content, { aliasDuplicateObjects: false });
  visit(document, { Scalar: (_, node) => quoteAmbiguous(node) });
  return document.toString({ lineWidth: 0, singleQuote: true });
}

/** Quotes a text that a reader of YAML 1.1 or 1.2 would take for something else: `on`, `08`, `1:30`, `2026-11-25`. */
function quoteAmbiguous(node: Scalar): void {
  const { value } = node;
  if (typeof value !== 'string' || value.includes('\n')) return;
  const isPlain = (['1.1', '1.2'] as const).every((version) => isReadBack(value, version));
  if (!isPlain) node.type = 'QUOTE_SINGLE';
}

function isReadBack(text: string, version: '1.1' | '1.2'): boolean {
  try {
    return parse(text, { version, logLevel: 'silent' }) === text;
  } catch {
    return false;
  }
}
