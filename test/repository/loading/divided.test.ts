import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { completeConfig } from '../../../src/model/complete/complete-config.js';
import type { ModelJson } from '../../../src/model/config-schema.js';
import { divideConfig } from '../../../src/repository/loading/instances.js';
import { headerOf, value } from '../../model/headers.js';

const configOf = (json: ModelJson, provider: 'cpu' | 'cuda' = 'cpu') =>
  completeConfig(json, headerOf([value('A', ['n', 4])], [value('Y', ['n', 2])]), provider);

describe('the settings of a model in one of several processes', () => {
  it('are its part of the queue and of the instances, which is never nothing', () => {
    const config = configOf({ batching: { maxQueueRows: 100 }, instances: { cpu: 5 } });
    const parts = [2, 3, 7].map((processes) => divideConfig(config, 'cpu', processes));
    assert.deepEqual(
      parts.map(({ batching, instances }) => [batching.maxQueueRows, instances.cpu]),
      [
        [50, 2],
        [33, 1],
        [14, 1],
      ],
    );
    assert.equal(divideConfig(configOf({}), 'cpu', 4).instances.cpu, 'auto');
    assert.deepEqual(divideConfig(config, 'cpu', 2), {
      ...config,
      batching: { ...config.batching, maxQueueRows: 50 },
      instances: { ...config.instances, cpu: 2 },
    });
  });

  it('are refused where its model.json sends it to a GPU, in which each would hold a copy, with what to do', () => {
    const config = configOf({ execution: { providers: ['cuda', 'cpu'] } }, 'cuda');
    assert.throws(() => divideConfig(config, 'cuda', 4), {
      code: 'MODEL_INVALID',
      message:
        'Its model.json asks for cuda, cpu, so that each of 4 HTTP loops would hold a copy by cuda. Set execution.providers to ["cpu"], or start the server without --http-loops 4.',
    });
    assert.equal(divideConfig(config, 'cuda', 1), config);
    // Where no GPU works, its list goes on to the CPU.
    assert.deepEqual(divideConfig(config, 'cpu', 4).execution, config.execution);
  });
});
