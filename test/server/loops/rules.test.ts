import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AppError } from '../../../src/errors.js';
import { chooseLoops, type LoopsWorld } from '../../../src/server/loops/rules.js';
import { settingsOf } from '../../../src/server/settings/args.js';

const worldOf = (cpus: number, change: Partial<LoopsWorld> = {}): LoopsWorld => ({
  cpus: { cpus, source: `cpuset 0-${cpus - 1}` },
  nodeVersion: '22.12.0',
  platform: 'linux',
  ...change,
});

const refusalOf = (options: Readonly<Record<string, unknown>>, world: LoopsWorld): string => {
  try {
    chooseLoops(settingsOf(options), world);
  } catch (thrown) {
    assert.ok(thrown instanceof AppError);
    assert.equal(thrown.code, 'USAGE');
    return thrown.message;
  }
  return 'none';
};

describe('how many HTTP loops there are', () => {
  it('is one unless more are asked for, on any Node.js', () => {
    assert.deepEqual(chooseLoops(settingsOf({}), worldOf(64, { nodeVersion: '20.9.0' })), { count: 1 });
  });

  it('is as many as asked for, up to one for each CPU', () => {
    assert.deepEqual(chooseLoops(settingsOf({ httpLoops: 2 }), worldOf(2)), { count: 2 });
    assert.deepEqual(chooseLoops(settingsOf({ httpLoops: 64 }), worldOf(64)), { count: 64 });
    assert.equal(
      refusalOf({ httpLoops: 3 }, worldOf(2)),
      '--http-loops 3: this process may use 2 CPUs (cpuset 0-1), and each loop needs one: ask for fewer loops, or give it more CPUs.',
    );
  });

  it('is one for each six CPUs where it is automatic, and says why it is one', () => {
    const counts = [1, 2, 6, 7, 12, 13, 64].map((cpus) =>
      chooseLoops(settingsOf({ httpLoops: 'auto' }), worldOf(cpus)),
    );
    assert.deepEqual(
      counts.map(({ count }) => count),
      [1, 1, 1, 2, 2, 3, 11],
    );
    assert.equal(counts[2]?.reason, 'one loop feeds 6 CPUs (cpuset 0-5)');
    const old = chooseLoops(settingsOf({ httpLoops: 'auto' }), worldOf(64, { nodeVersion: '20.20.0' }));
    assert.deepEqual([old.count, /22\.12/.test(old.reason ?? '')], [1, true]);
  });

  it('says which Node.js and which systems let several processes listen at one port', () => {
    for (const nodeVersion of ['20.20.2', '22.11.0', '23.0.0', '21.7.3']) {
      assert.match(
        refusalOf({ httpLoops: 2 }, worldOf(8, { nodeVersion })),
        new RegExp(
          `^--http-loops 2: this is Node\\.js ${nodeVersion.replaceAll('.', '\\.')}; .* need 22\\.12 or newer\\.$`,
        ),
      );
    }
    for (const nodeVersion of ['22.12.0', '22.23.3', '23.1.0', '24.0.0', '100.0.0']) {
      assert.equal(refusalOf({ httpLoops: 2 }, worldOf(8, { nodeVersion })), 'none');
    }
    assert.match(refusalOf({ httpLoops: 2 }, worldOf(8, { platform: 'darwin' })), /one port on darwin/);
  });

  it('refuses by name what several loops do not serve, and what cannot be divided', () => {
    const refused: readonly (readonly [options: Readonly<Record<string, unknown>>, pattern: RegExp])[] = [
      [{ grpcPort: 8001 }, /--grpc-port/],
      [{ stream: 'door=http://camera.example/mjpeg' }, /--stream/],
      [{ executionProvider: 'cuda' }, /GPU's memory: use --execution-provider cpu/],
      [{ requireGpu: true }, /GPU's memory/],
      [{ workers: 3 }, /--workers 3 leaves a loop without a worker/],
      [{ keyRate: 3 }, /--key-rate 3 cannot be divided among 4 loops/],
      [{ maxConnections: 3 }, /--max-connections 3 cannot be divided/],
    ];
    for (const [options, pattern] of refused)
      assert.match(refusalOf({ httpLoops: 4, ...options }, worldOf(8)), pattern);
    for (const options of [
      { workers: 4, keyRate: 4, maxConnections: 4 },
      { maxConnections: 0, keyRate: 0 },
    ]) {
      assert.equal(refusalOf({ httpLoops: 4, ...options }, worldOf(8)), 'none');
    }
  });
});
