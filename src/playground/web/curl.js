/** A word as a POSIX shell takes it. */
export function quote(word) {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

const longest = 6000;

/**
 * The curl line for a request {url, file} or {url, json}: an image is sent as a file, JSON in the line itself unless it is
 * long. Answers the line, and the name of the file that it reads.
 */
export function curlLine({ url, file, json, withKey }) {
  const key = withKey ? ` -H "Authorization: Bearer $SLIPWAY_KEY"` : '';
  if (file !== undefined) return { line: `curl${key} --data-binary ${quote(`@${file}`)} ${quote(url)}`, reads: file };
  if (json.length > longest) return { line: `curl${key} -d @request.json ${quote(url)}`, reads: 'request.json' };
  return { line: `curl${key} ${quote(url)} -d ${quote(json)}`, reads: null };
}
