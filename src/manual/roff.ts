/** A line of a page's text for the man macros: every character stands for itself, whatever roff makes of it. */
export function escapeRoff(text: string): string {
  const escaped = text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll("'", '\\(aq')
    .replaceAll('`', '\\(ga')
    .replaceAll('^', '\\(ha')
    .replaceAll('~', '\\(ti')
    .replaceAll(/\P{ASCII}/gu, (letter) => `\\[u${codeOf(letter)}]`);
  return escaped.startsWith('.') ? `\\&${escaped}` : escaped;
}

/** Four hexadecimal digits at least, as roff names characters. */
function codeOf(letter: string): string {
  return (letter.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
}

/** In bold, within a line. */
export function bold(text: string): string {
  return `\\fB${escapeInner(text)}\\fR`;
}

/** In italics, within a line: what is to be replaced. */
export function italic(text: string): string {
  return `\\fI${escapeInner(text)}\\fR`;
}

function escapeInner(text: string): string {
  return escapeRoff(text).replace(/^\\&/, '');
}

/** A macro with arguments in quotes. */
export function macro(name: string, ...args: readonly string[]): string {
  return [`.${name}`, ...args.map((arg) => `"${escapeRoff(arg).replaceAll('"', '\\(dq')}"`)].join(' ');
}

/** A tagged paragraph: the tag is roff, the text is not. */
export function entry(tag: string, text: string): string {
  return `.TP\n${tag}\n${escapeRoff(text)}`;
}

/** Lines of a terminal, each as it is. */
export function sample(lines: readonly string[]): string {
  return ['.PP', '.RS 4', '.EX', ...lines.map(escapeRoff), '.EE', '.RE'].join('\n');
}
