/** A word as a POSIX shell takes it. */
export function quote(word) {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

const longest = 6000;

/**
 * The curl line for a request {url, files} or {url, json}: images are sent as files, one after another, JSON in the line itself unless it is
 * long. Answers the line, and the name of the file that it reads where that is one.
 */
export function curlLine({ url, files, json, withKey }) {
  const key = withKey ? ` -H "Authorization: Bearer $SLIPWAY_KEY"` : '';
  if (files?.length > 1) {
    const names = files.map(quote).join(' ');
    return { line: `for image in ${names}; do curl${key} --data-binary "@$image" ${quote(url)}; done`, reads: null };
  }
  if (files !== undefined) {
    const [file] = files;
    return { line: `curl${key} --data-binary ${quote(`@${file}`)} ${quote(url)}`, reads: file };
  }
  if (json.length > longest) return { line: `curl${key} -d @request.json ${quote(url)}`, reads: 'request.json' };
  return { line: `curl${key} ${quote(url)} -d ${quote(json)}`, reads: null };
}
