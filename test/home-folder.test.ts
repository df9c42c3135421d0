import assert from 'node:assert/strict';
import { homedir } from 'node:os';
import { describe, it } from 'node:test';
import { findHomeFolder } from '../src/home-folder.js';

describe('the home folder', () => {
  it('is that of the account', () => {
    assert.equal(findHomeFolder(), homedir());
    assert.equal(
      findHomeFolder(() => '/home/ann'),
      '/home/ann',
    );
  });

  it('is the root for an account without one', () => {
    assert.equal(
      findHomeFolder(() => ''),
      '/',
    );
    const nameless = (): never => {
      throw new Error('A system error occurred: uv_os_homedir returned ENOENT (no such file or directory)');
    };
    assert.equal(findHomeFolder(nameless), '/');
  });
});
