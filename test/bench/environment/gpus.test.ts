import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { describeGpus, readGpus } from '../../../bench/environment/gpus.js';
import { printed, scriptedWorld } from '../../launch/facts/scripted-world.js';

const card = {
  '/sys/bus/pci/devices/0000:01:00.0/vendor': '0x10de\n',
  '/sys/bus/pci/devices/0000:01:00.0/class': '0x030200\n',
  '/sys/bus/pci/devices/0000:01:00.0/device': '0x2335\n',
};
const query =
  'nvidia-smi --query-gpu=index,name,uuid,driver_version,memory.total,compute_cap --format=csv,noheader,nounits';

describe('GPUs in a report', () => {
  it('names each GPU with its memory, the driver and the highest CUDA', async () => {
    const world = await scriptedWorld(card, {
      [query]: printed('0, NVIDIA H200, GPU-a, 580.95.05, 143771, 9.0\n1, NVIDIA H200, GPU-b, 580.95.05, [N/A], 9.0\n'),
      'nvidia-smi': printed('| NVIDIA-SMI 580.95.05   Driver Version: 580.95.05   CUDA Version: 13.0 |\n'),
    });
    const facts = await readGpus(world);
    assert.deepEqual(facts.gpus, [
      { name: 'NVIDIA H200', memoryBytes: 143771 * 2 ** 20 },
      { name: 'NVIDIA H200', memoryBytes: null },
    ]);
    assert.equal(describeGpus(facts), 'GPU: NVIDIA H200, NVIDIA H200 (driver 580.95.05, CUDA up to 13.0).');
  });

  it('finds a card without a driver on the PCI bus', async () => {
    const facts = await readGpus(await scriptedWorld(card));
    assert.deepEqual(facts.gpus, [{ name: 'nvidia GPU at 0000:01:00.0', memoryBytes: null }]);
    assert.equal(facts.driver, null);
    assert.match(facts.evidence.join(), /no nvidia-smi on PATH.*no driver/);
  });

  it('says why it believes that there is none', async () => {
    const facts = await readGpus(await scriptedWorld({}));
    assert.deepEqual(facts.gpus, []);
    assert.match(
      describeGpus(facts),
      /^No GPU: no nvidia-smi on PATH; nothing in \/sys\/bus\/pci\/devices; nothing in \/dev\.$/,
    );
  });
});
