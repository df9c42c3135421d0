import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { divideCpus, divideSettings, shareOf } from '../../../src/server/loop/divide.js';
import { settingsOf } from '../../../src/server/settings/args.js';

const parts = (count: number) => Array.from({ length: count }, (_, index) => ({ index, count }));
const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

describe('the part of one HTTP loop', () => {
  it('adds up to the whole, and no part is more than one larger than another', () => {
    for (const total of [2, 7, 64, 10_000, 2 ** 31 + 1]) {
      for (const count of [1, 2, 3, 7]) {
        const shares = parts(count).map((share) => shareOf(total, share));
        assert.equal(sum(shares), total);
        assert.ok(Math.max(...shares) - Math.min(...shares) <= 1);
      }
    }
  });

  it('divides CPUs, workers, the rate of a key, connections and the memory of requests', () => {
    const given = { workers: 5, keyRate: 100, maxConnections: 1001, requestMemory: '64M', healthPort: 8002, port: 0 };
    const settings = settingsOf({ ...given, metricsPort: 0, managementPort: 0 });
    const ports = { port: 4000, metricsPort: 4001, managementPort: 4002 };
    const divided = parts(3).map((share) => divideSettings(settings, share, ports));
    assert.deepEqual(
      divided.map(({ workers }) => workers),
      [2, 2, 1],
    );
    assert.ok(Math.abs(sum(divided.map(({ auth }) => auth.ratePerSecond)) - 100) < 1e-9);
    assert.deepEqual(
      divided.map(({ limits }) => limits.connections),
      [334, 334, 333],
    );
    assert.equal(sum(divided.map(({ limits }) => Number(limits.requestMemory))), 2 ** 26);
    const [first] = divided;
    assert.deepEqual([first?.port, first?.metricsPort, first?.management.port], [4000, 4001, 4002]);
    assert.equal(first?.healthPort, undefined);
    assert.deepEqual(
      parts(3).map((share) => divideCpus({ cpus: 8, source: '8 online' }, share).cpus),
      [3, 3, 2],
    );
  });

  it("leaves what has no limit without one, and what is each request's as it is", () => {
    const settings = settingsOf({ keyRate: 0, maxConnections: 0, maxBodyBytes: '10M' });
    const { auth, limits, workers } = divideSettings(settings, { index: 1, count: 2 }, { port: 1 });
    assert.deepEqual(
      [auth.ratePerSecond, limits.connections, limits.bodyBytes, limits.requestMemory, workers],
      [Infinity, 0, 10 * 2 ** 20, 'auto', 'auto'],
    );
  });
});
