import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseMount } from '../../../../src/launch/request/flags/mounts.js';
import type { MountRequest, PathBase } from '../../../../src/launch/request/flags/mount-types.js';
import { parseVolume } from '../../../../src/launch/request/flags/volumes.js';

const base: PathBase = { cwd: '/home/me/project', homeFolder: '/home/me', platform: 'linux' };
const windows: PathBase = { cwd: 'C:\\work', homeFolder: 'C:\\Users\\me', platform: 'win32' };
const volume = (text: string, from = base): MountRequest => parseVolume({ flag: '-v', text }, from);
const bind = { type: 'bind', readOnly: false, createSource: false };
const named = { type: 'volume', readOnly: false, noCopy: false, driverOptions: {}, labels: {} };

const mounts: readonly (readonly [text: string, expected: object])[] = [
  ['.:/srv', { ...bind, source: '/home/me/project', target: '/srv' }],
  ['./models:/srv/models:ro', { ...bind, source: '/home/me/project/models', target: '/srv/models', readOnly: true }],
  ['../x:/srv/', { ...bind, source: '/home/me/x', target: '/srv' }],
  ['~/x:/srv', { ...bind, source: '/home/me/x', target: '/srv' }],
  ['/data:/srv:Z,ro', { ...bind, source: '/data', target: '/srv', relabel: 'Z', readOnly: true }],
  ['/data:/srv:z,rslave', { ...bind, source: '/data', target: '/srv', relabel: 'z', propagation: 'rslave' }],
  ['data:/srv', { ...named, source: 'data', target: '/srv' }],
  ['/srv/cache', { ...named, target: '/srv/cache' }],
  ['type=bind,source=.,target=/srv', { ...bind, source: '/home/me/project', target: '/srv' }],
  ['type=bind,src=/a,dst=/b,readonly', { ...bind, source: '/a', target: '/b', readOnly: true }],
  ['type=bind,src=/a,destination=/b,ro=false', { ...bind, source: '/a', target: '/b' }],
  ['readonly,type=bind,src=/a,dst=/b', { ...bind, source: '/a', target: '/b', readOnly: true }],
  ['type=bind,src=/a,dst=/b,bind-create-src', { ...bind, source: '/a', target: '/b', createSource: true }],
  ['type=bind,src=/a,dst=/b,bind-recursive=readonly', { ...bind, source: '/a', target: '/b', recursive: 'readonly' }],
  ['type=bind,src=/a,dst=/b,bind-propagation=rshared', { ...bind, source: '/a', target: '/b', propagation: 'rshared' }],
  ['"type=bind","src=/a,b","dst=/c"', { ...bind, source: '/a,b', target: '/c' }],
  ['source=data,target=/srv', { ...named, source: 'data', target: '/srv' }],
  ['target=/srv,volume-nocopy', { ...named, target: '/srv', noCopy: true }],
  [
    'src=nfs,dst=/srv,volume-driver=local,volume-opt=type=nfs,volume-opt=device=:/x,volume-label=a=b,volume-subpath=p',
    {
      ...named,
      source: 'nfs',
      target: '/srv',
      driver: 'local',
      driverOptions: { type: 'nfs', device: ':/x' },
      labels: { a: 'b' },
      subpath: 'p',
    },
  ],
  [
    'type=tmpfs,dst=/run,tmpfs-size=64m,tmpfs-mode=1770',
    { type: 'tmpfs', target: '/run', readOnly: false, sizeBytes: 67_108_864, mode: 0o1770 },
  ],
];

const refusals: readonly (readonly [text: string, says: RegExp])[] = [
  ['models/x:/srv', /models\/x is not a volume name; for the folder type \.\/models\/x/],
  ['.:/', /the container has its own \/; choose a folder such as \/srv/],
  ['.:srv', /the path inside the container must be absolute, but is srv/],
  ['.', /type \.:\/srv/],
  [':/srv', /the source is missing/],
  ['.:/srv:rx', /unknown option rx; expected some of ro, rw/],
  ['.:/srv:ro,rw', /ro and rw cannot be combined/],
  ['.:/srv:nocopy', /nocopy is for volumes/],
  ['.:/srv:ro:z', /too many colons/],
  ['type=bind,source=x,target=/srv', /type \.\/x/],
  ['source=.,target=/srv', /add type=bind, or type --mount \.:\/srv/],
  ['type=bnd,source=.,target=/srv', /unknown type bnd; expected bind, volume or tmpfs/],
  ['type=bind,source=.,taget=/srv', /unknown key taget/],
  ['type=bind,source=.,target=/srv,tmpfs-size=1m', /tmpfs-size is not for type=bind/],
  ['type=bind,source=.,target=/srv,readonly=maybe', /expected true or false/],
  ['type=tmpfs,dst=/run,tmpfs-mode=99', /not octal/],
  ['.;C:\\Program Files\\Git\\srv', /MSYS_NO_PATHCONV=1/],
  ['.:C:\\srv', /MSYS_NO_PATHCONV=1|too many colons/],
];

describe('--mount', () => {
  for (const [text, expected] of mounts) {
    it(`reads ${text}`, () => {
      assert.deepEqual(parseMount(text, base), expected);
    });
  }

  for (const [text, says] of refusals) {
    it(`refuses ${text} and says what to type`, () => {
      assert.throws(() => parseMount(text, base), { code: 'USAGE', message: says });
    });
  }
});

describe('-v', () => {
  it('lets the engine make a missing folder, which --mount does not', () => {
    assert.equal((volume('/new:/srv') as { createSource?: boolean }).createSource, true);
  });

  it('refuses a label for a folder with a colon, which the engine would split', () => {
    const inColon = { ...base, cwd: '/data/a:b' };
    for (const label of ['z', 'Z', 'ro,z']) {
      const says = /\/data\/a:b has a colon, which [zZ] does not go with; .*--security-opt label=disable/;
      assert.throws(() => volume(`.:/srv:${label}`, inColon), { code: 'USAGE', message: says });
    }
    assert.equal((volume('.:/srv', inColon) as { source?: string }).source, '/data/a:b');
    assert.equal((volume('C:\\models:/srv:z', windows) as { relabel?: string }).relabel, 'z');
  });

  it('keeps the colon of a Windows drive', () => {
    assert.deepEqual(volume('C:\\models:/srv:ro', windows), {
      ...bind,
      createSource: true,
      source: 'C:\\models',
      target: '/srv',
      readOnly: true,
    });
    assert.equal((volume('.\\models:/srv', windows) as { source?: string }).source, 'C:\\work\\models');
    assert.equal((volume('d:/models:/srv', windows) as { source?: string }).source, 'd:\\models');
  });
});
