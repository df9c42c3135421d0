import assert from 'node:assert/strict';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { temporaryFolder } from '../../../support/folder.js';
import { runLaunch } from '../../../support/launch-cli.js';

/** A PATH whose ssh is this shell script. */
function pathWithSsh(script: string): string {
  const folder = temporaryFolder('ssh-');
  writeFileSync(join(folder, 'ssh'), `#!/bin/sh\n${script}\n`);
  chmodSync(join(folder, 'ssh'), 0o755);
  return `${folder}:${process.env['PATH'] ?? ''}`;
}

describe('an engine behind ssh that cannot be reached', () => {
  for (const [script, says] of [
    ['echo "ssh: connect to host box port 22: Connection refused" >&2; exit 255', /Connection refused/],
    ['exec 1>&-; cat >/dev/null & echo "me@box: Permission denied (publickey)." >&2; exit 255', /Permission denied/],
    ['echo "sh: docker: not found" >&2; exit 127', /docker: not found/],
    ['exit 255', /exit code 255/],
  ] as const) {
    it(`says why in ssh's own words: ${says.source}`, async () => {
      const { code, stderr } = await runLaunch(['ps', '-H', 'ssh://me@box'], { env: { PATH: pathWithSsh(script) } });
      assert.equal(code, 4, stderr);
      assert.match(stderr, /ssh to me@box failed/);
      assert.match(stderr, says);
    });
  }
});
