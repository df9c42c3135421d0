import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { temporaryFolder } from '../../support/folder.js';

/** What the runtime says at runs and at loads; undefined where the GPU works. */
export interface GpuState {
  /** The device that this is about; all unless given. */
  readonly deviceId?: number;
  readonly run?: string;
  readonly load?: string;
}

/** A launch failure as ONNX Runtime's CUDA provider reports it. */
export const launchFailure =
  "Non-zero status code returned while running Add node. Name:'sum' Status Message: CUDA error cudaErrorLaunchFailure:CUDA failure 719: unspecified launch failure ; GPU=0 ; hostname=node-7 ; file=/onnxruntime_src/onnxruntime/core/providers/cuda/cuda_call.cc ; line=121 ; expr=cudaStreamSynchronize(static_cast<cudaStream_t>(stream_));";

/** A stand-in for a GPU at the engine's seam: the entry of worker threads that have it, and how it is made to break. */
export function openGpu() {
  const folder = temporaryFolder('gpu-');
  const [state, entry] = [join(folder, 'state.json'), join(folder, 'worker.mjs')];
  const worker = JSON.stringify(new URL('./gpu-worker.js', import.meta.url));
  writeFileSync(entry, `const { main } = await import(${worker});\nawait main(${JSON.stringify(state)});\n`);
  const set = (now: GpuState): void => writeFileSync(state, JSON.stringify(now));
  set({});
  return { entry: pathToFileURL(entry), set };
}
