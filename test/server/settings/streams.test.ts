import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { showSource, streams } from '../../../src/server/settings/streams.js';

describe('the setting of streams', () => {
  it('names a stream, a model where it has another name, and a source', () => {
    assert.deepEqual(streams.parse('door:a model=http://cam/v, digits=/dev/video0,line=post'), [
      { name: 'door', model: 'a model', source: { kind: 'url', url: 'http://cam/v' } },
      { name: 'digits', model: 'digits', source: { kind: 'device', path: '/dev/video0' } },
      { name: 'line', model: 'line', source: { kind: 'post' } },
    ]);
  });

  it('takes user and password out of a URL, and shows neither them nor the query', () => {
    const [camera] = streams.parse('c=https://me:p%3Aw%2Cd@cam:8443/a=b?key=secret#x') ?? [];
    const authorization = `Basic ${Buffer.from('me:p:w,d').toString('base64')}`;
    assert.deepEqual(camera?.source, { kind: 'url', url: 'https://cam:8443/a=b?key=secret', authorization });
    assert.equal(showSource(camera.source), 'https://cam:8443/a=b?...');
  });

  it('refuses what is none of them', () => {
    const wrong = ['', 'door', 'door=', '=post', 'a b=post', 'x=ftp://cam/', 'x=file:///etc/passwd', 'x=/etc/passwd', 'x=/dev/../etc/passwd', 'x=post,x=post', 'x=post,', 'x=http://', 'x=http://%zz@cam/', `${'x'.repeat(65)}=post`];
    for (const text of wrong) assert.equal(streams.parse(text), undefined, text);
  }); // prettier-ignore
});
