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
      assert.match(stderr, /[^.]\. To test: ssh me@box docker version$/m);
    });
  }

  it("is diagnosed as ssh's failure, not as an engine of this machine that does not run", async () => {
    const PATH = pathWithSsh('echo "ssh: Could not resolve hostname box: Name or service not known" >&2; exit 255');
    const { code, stdout } = await runLaunch(['doctor', '-H', 'ssh://me@box', '--json'], { env: { PATH } });
    assert.equal(code, 2);
    const { checks } = JSON.parse(stdout) as { checks: readonly { name: string; evidence: string; fix?: string }[] };
    const engine = checks.find(({ name }) => name === 'engine');
    assert.match(engine?.evidence ?? '', /ssh to me@box failed: .*resolve hostname box/);
    assert.doesNotMatch(engine?.fix ?? '', /systemctl/);
    assert.match(engine?.fix ?? '', /ssh command above/);
  });
});
