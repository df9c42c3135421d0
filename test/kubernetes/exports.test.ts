import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { exportText, kubectlWith, missingCluster } from './cluster.js';

const claim = 'type=volume,source=models,target=/srv/models,readonly,volume-subpath=prod';
const everything = [
  ...[
    '--gpus',
    '2',
    '--max-replicas',
    '9',
    '--monitor',
    '--keys-secret',
    'k',
    '--pull-secret',
    'r',
    '--allow-from',
    'apps',
  ],
  ...[
    '--mount',
    claim,
    '--tmpfs',
    '/tmp:size=64m',
    '--tmpfs',
    '/scratch',
    '--shm-size',
    '1g',
    '--platform',
    'linux/arm64',
  ],
  ...[
    '-u',
    '2000:3000',
    '--group-add',
    '44',
    '-p',
    '80:8000',
    '-p',
    '9090:9090/udp',
    '-l',
    'team=vision',
    '--cap-add',
    'CHOWN',
  ],
  ...['-e', 'A=$(HOME) {{.x}}: "on"', '--', '--grpc-port', '8001'],
];
const lines: readonly (readonly string[])[] = [
  ['kubernetes'],
  ['kubernetes', ...everything],
  [
    'kubernetes',
    '--max-replicas',
    '9',
    '--scaler',
    'keda',
    '--model-image',
    'r.example/x:1',
    '--model-image-by',
    'copy',
  ],
  ['kubernetes', '--model-image', 'r.example/x:1'],
  ['kserve', '--storage-uri', 's3://b/m'],
  [
    'kserve',
    '--storage-uri',
    's3://b/m',
    '--max-replicas',
    '9',
    '--scaler',
    'keda',
    '--keys-secret',
    'k',
    '--gpus',
    '1',
  ],
  [
    'kserve',
    '--model-image',
    'r.example/x:1',
    '--max-replicas',
    '9',
    '--tmpfs',
    '/scratch',
    '--platform',
    'linux/amd64',
  ],
  ['kserve', '--mount', claim, '-e', 'A={{x}}', '--pull-secret', 'r', '--', '--grpc-port', '8001'],
];

describe('an export', { skip: await missingCluster() }, () => {
  it('is accepted whole by strict validation of the API server, whatever its flags', async () => {
    for (const line of lines) {
      const text = await exportText(...line);
      const said = await kubectlWith(text, 'apply', '--dry-run=server', '--validate=strict');
      const created = said.split('\n').filter((entry) => entry.endsWith('(server dry run)'));
      assert.equal(created.length, text.split('\n---\n').length, `${line.join(' ')}:\n${said}`);
    }
  });
});
