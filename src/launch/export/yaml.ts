import { Document, parse, visit, type Scalar } from 'yaml';

/** Documents as text that readers of YAML 1.1 and 1.2 take alike, with comment lines before the first. */
export function writeYaml(documents: readonly object[], comments: readonly string[] = []): string {
  const head = comments.map((line) => `# ${line.replaceAll(/[\r\n\x85\u2028\u2029]+/g, ' ')}\n`).join('');
  return head + documents.map(writeDocument).join('---\n');
}

function writeDocument(content: object): string {
  const document = new Document(content, { aliasDuplicateObjects: false });
  visit(document, { Scalar: (_, node) => quoteAmbiguous(node) });
  const text = document.toString({ lineWidth: 0, singleQuote: true, doubleQuotedAsJSON: true });
  return text.replace(unread, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** Characters that a reader of YAML 1.1 refuses, or takes for the end of a line, unless they are escaped. */
const unread = /[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]/g;

/** Quotes a text that a reader of YAML 1.1 or 1.2 would take for something else, or not at all: `on`, `08`, `1:30`, `2026-11-25`, a tab. */
function quoteAmbiguous(node: Scalar): void {
  const { value } = node;
  if (typeof value !== 'string') return;
  if (value.includes('\t') || value.search(unread) !== -1) {
    node.type = 'QUOTE_DOUBLE';
    return;
  }
  if (value.includes('\n')) return;
  const isPlain = (['1.1', '1.2'] as const).every((version) => isReadBack(value, version));
  if (!isPlain || value === '<<' || value === '=') node.type = 'QUOTE_SINGLE';
}

function isReadBack(text: string, version: '1.1' | '1.2'): boolean {
  try {
    return parse(text, { version, logLevel: 'silent' }) === text;
  } catch {
    return false;
  }
}
