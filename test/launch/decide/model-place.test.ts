import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, it } from 'node:test';
import { AppError } from '../../../src/errors.js';
import { known, type Facts } from '../../../src/launch/facts/facts.js';
import { parseMount } from '../../../src/launch/request/flags/mounts.js';
import { readModelNames } from '../../../src/launch/facts/model-folder.js';
import { checkModels, findModelFolder } from '../../../src/launch/decide/model-place.js';
import { weigh } from '../../../src/launch/decide/weigh.js';
import type { LaunchRequest } from '../../../src/launch/request/request.js';
import { temporaryFolder } from '../../support/folder.js';
import { facts, request } from '../situations.js';

const base = { cwd: '/work', homeFolder: '/home/me', platform: 'linux' } as const;
/** Folders of this machine: `repo` is a repository, `project` has one at `models`, `empty` nothing, `cache` no model. */
const folder = (...models: readonly string[]) => known({ kind: 'folder', models } as const, '');
const missing = known({ kind: 'missing' } as const, '');
const paths: Facts['paths'] = {
  '/work/repo': folder('digits', 'yolo'),
  '/work/repo/models': missing,
  '/work/project': folder(),
  '/work/project/models': folder('digits'),
  '/work/empty': folder(),
  '/work/empty/models': missing,
  '/work/cache': folder(),
  '/work/cache/models': missing,
  '/work/m.onnx': known({ kind: 'file' } as const, ''),
  '/work/m.onnx/models': missing,
};
const world = { ...facts('bare', 'plain'), paths };
const mounting = (
  texts: readonly string[],
  change: Partial<LaunchRequest> = {},
  env: Readonly<Record<string, string>> = {},
): LaunchRequest => request(change, { mounts: texts.map((text) => parseMount(text, base)), env });

describe('where mounted models are', () => {
  for (const [text, expected] of [
    ['./project:/srv', '/work/project/models'],
    ['./repo:/srv', '/work/repo'],
    ['./repo:/srv/models', '/work/repo'],
    ['./project/models:/srv/models', '/work/project/models'],
  ] as const) {
    it(`--mount ${text} serves ${expected}`, () => {
      assert.equal(findModelFolder(mounting([text]), world), expected);
      checkModels(mounting([text]), world);
    });
  }

  const refused: readonly (readonly [readonly string[], RegExp])[] = [
    [['./empty:/srv'], /there is no model in \/work\/empty or \/work\/empty\/models\.\n.*fix:/],
    [['./empty:/srv/models'], /there is no model in \/work\/empty\.\n/],
    [['./project:/srv/models'], /there is no model in \/work\/project\.\n/],
    [
      ['./repo:/models'],
      /holds models \(digits, yolo\).*\n.*--mount \/work\/repo:\/srv\/models, or add -e SLIPWAY_MODELS=\/models$/,
    ],
    [['./project:/data'], /--mount \/work\/project\/models:\/srv\/models, or add -e SLIPWAY_MODELS=\/data\/models$/],
    [['./m.onnx:/srv'], /is a file.*\n.*--mount \/work\/m\.onnx:\/srv\/models\/m\.onnx$/],
  ];
  for (const [texts, says] of refused) {
    it(`--mount ${texts.join(' ')} is refused: nothing of it would be served`, () => {
      assert.throws(
        () => checkModels(mounting(texts), world),
        (thrown: unknown) => thrown instanceof AppError && thrown.code === 'USAGE' && says.test(thrown.message),
      );
    });
  }

  it('a mount that is no repository is fine where models are told or mounted otherwise, or come later', () => {
    checkModels(mounting(['./cache:/tmp/slipway']), world);
    checkModels(mounting(['./m.onnx:/srv/models/m.onnx']), world);
    checkModels(mounting(['./repo/digits:/srv/models/digits', './empty:/srv']), world);
    checkModels(mounting(['./repo:/models'], {}, { SLIPWAY_MODELS: '/models' }), world);
    checkModels(mounting(['./repo:/models'], { serverArgs: ['--models', '/models'] }), world);
    checkModels(mounting(['./empty:/srv'], { serverArgs: ['--model-control-mode', 'poll'] }), world);
    checkModels(mounting(['./repo:/srv/models', './repo:/backup']), world);
    checkModels(mounting(['./elsewhere:/srv']), { ...world, paths: {} });
  });

  it('names are read as the server reads them: every layout, links, nothing hidden or half downloaded', async () => {
    const at = temporaryFolder('models-');
    for (const file of [
      'a/1/model.onnx',
      'b/model.onnx',
      'c.onnx',
      'd/readme.md',
      '.e/model.onnx',
      'f.onnx.part',
      'g/01/model.onnx',
      'i/onnx/net.ONNX',
      'j/v1/model.onnx',
      'K.ONNX',
    ]) {
      mkdirSync(join(at, dirname(file)), { recursive: true });
      writeFileSync(join(at, file), '');
    }
    symlinkSync(join(at, 'b'), join(at, 'h'));
    assert.deepEqual(await readModelNames(at), ['K', 'a', 'b', 'c', 'g', 'h', 'i']);
    assert.deepEqual(await readModelNames(join(at, 'none')), []);
  });
});

describe('mounts of a server without a container', () => {
  const native = (text: string) => weigh('native', mounting([text], { variant: 'native' }), world);
  it('are folders at /srv, at /srv/models, or under one path on both sides; volumes and others are refused', () => {
    for (const text of ['./repo:/srv', './repo:/srv/models', '/blobs:/blobs'])
      assert.equal(native(text).isPossible, true, text);
    for (const [text, says] of [
      ['data:/srv/models', /the volume data at \/srv\/models cannot be given/],
      ['./cache:/data', /\/work\/cache at \/data cannot be given/],
      ['./repo/digits:/srv/models/digits', /cannot be given/],
    ] as const) {
      const option = native(text);
      assert.ok(!option.isPossible, text);
      assert.equal(option.refusal.code, 'USAGE');
      assert.match(option.refusal.cause, says);
    }
  });
});
