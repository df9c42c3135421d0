/** Why a program ended, out of its last lines: those that speak of an error, else the last ones. Of paths the last part stays. */
export function pickLastWords(lines: readonly string[]): string {
  const texts = lines.map((line) => line.trim()).filter((line) => /\w{3}/.test(line));
  const errors = texts.filter((line) => /error|exception|cannot|denied|no such|not found/i.test(line));
  const chosen = (errors.length > 0 ? errors : texts).slice(-3);
  return chosen
    .join(' | ')
    .replace(/(\/[\w.+@-]+){2,}\/([\w.+@-]+)/g, '$2')
    .slice(0, 500);
}
