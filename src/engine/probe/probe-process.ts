import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { messageOf } from '../../errors.js';
import type { ProviderName } from '../../model/config.js';
import { writeOnnx, type Graph } from '../../model/onnx/writer.js';
import { drawTensors } from '../../tensor/drawn.js';
import { endWithParent } from '../end-with-parent.js';
import { createProvenSession, readSoftwareAdapter } from '../placement.js';
import { disableTelemetry } from '../telemetry.js';

/** A product and a sum: operators that every provider has. */
const probeGraph: Graph = {
  name: 'probe',
  inputs: [{ name: 'X', datatype: 'FP32', shape: [4, 4] }],
  outputs: [{ name: 'Y', datatype: 'FP32', shape: [4, 4] }],
  nodes: [
    { op: 'MatMul', inputs: ['X', 'X'], outputs: ['P'] },
    { op: 'Add', inputs: ['P', 'X'], outputs: ['Y'] },
  ],
};

/**
 * Entry of the process that tries a provider (argument 1) on a device (argument 2) with a tiny session, for its parent (argument 3), with which it ends. It prints
 * `{"works": ..., "reason": ...}` on stdout; what the runtime has to say of a failure stands on stderr only.
 */
async function main(provider: ProviderName, deviceId: number, parent: number): Promise<void> {
  endWithParent(parent);
  disableTelemetry(process.env);
  const { letRuntimeSpeak, ortEngine } = await import('../ort/ort.js');
  letRuntimeSpeak();
  const folder = await mkdtemp(join(tmpdir(), 'slipway-probe-'));
  const modelPath = join(folder, 'probe.onnx');
  try {
    await writeFile(modelPath, writeOnnx(probeGraph));
    const spec = { modelPath, logId: 'probe', provider, deviceId, strict: true, intraOpThreads: 1, optimised: false };
    const { session } = await createProvenSession(ortEngine, spec);
    await session.run(drawTensors(session.inputs, { rows: 1, variable: 1 }), ['Y']);
    const isSoftware = provider === 'webgpu' && (await readSoftwareAdapter());
    await session.release();
    process.stdout.write(JSON.stringify({ works: true, isSoftware }));
  } catch (error) {
    process.stdout.write(JSON.stringify({ works: false, reason: messageOf(error) }));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const [, , provider = 'cpu', deviceId = '0', parent = ''] = process.argv;
await main(provider as ProviderName, Number(deviceId), Number(parent));
