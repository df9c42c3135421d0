import { AppError, messageOf } from '../../errors.js';
import type { SessionSpec } from '../engine.js';
import { isHeldToLimit, memoryAtHand } from '../memory-at-hand.js';
import { findMissingKernel, model, modelRules, type OrtFault, type Rule } from './model-faults.js';
import { findRequestFault, tidyOrtText, type RunFacts } from './request-faults.js';

const device = (cause: string, fix: string): OrtFault => ({ code: 'DEVICE_UNAVAILABLE', cause, fix });

/** CUDA libraries by the package that brings them, for the name of a shared object that is missing. */
function explainMissingLibrary([, library = '']: RegExpExecArray): OrtFault {
  if (library.startsWith('libonnxruntime_providers')) {
    return device(
      `ONNX Runtime's provider library ${library} is not installed beside its binding`,
      'use the gpu or cuda image, or put the provider files of exactly this ONNX Runtime version beside onnxruntime_binding.node',
    );
  }
  if (library === 'libcuda.so.1') {
    return device(
      'the NVIDIA driver library libcuda.so.1 is not visible here',
      'install the NVIDIA driver; in a container, start it with the GPU: --gpus all or --device nvidia.com/gpu=all',
    );
  }
  if (library.startsWith('libcudnn')) {
    return device(
      `cuDNN (${library}) is missing`,
      'install cuDNN 9 for the same CUDA major version, or use the gpu image',
    );
  }
  if (library.startsWith('libnvinfer')) {
    return device(`TensorRT (${library}) is missing`, 'install TensorRT, or choose the execution provider cuda');
  }
  const major = /\.so\.(\d+)/.exec(library)?.[1];
  return device(
    `the CUDA library ${library} is missing`,
    `install the CUDA${major === undefined ? '' : ` ${major}`} runtime libraries or use the gpu image; a wrong major version counts as missing`,
  );
}

const rules: readonly Rule[] = [
  [/(lib[\w.+-]+\.so[\w.]*): cannot open shared object file/, explainMissingLibrary],
  [
    /CUDA failure 35\b|CUDA driver version is insufficient/,
    () =>
      device(
        'the NVIDIA driver is missing or older than the CUDA runtime needs (CUDA failure 35)',
        'update the driver on the host, or use an image built for an older CUDA',
      ),
  ],
  [
    /CUDA failure 100\b|no CUDA-capable device/,
    () =>
      device('CUDA finds no GPU (failure 100)', 'check nvidia-smi, and NVIDIA_VISIBLE_DEVICES or CUDA_VISIBLE_DEVICES'),
  ],
  [
    /CUDA failure 101\b|invalid device ordinal/,
    () =>
      device('there is no CUDA device with that number (failure 101)', 'nvidia-smi -L lists the GPUs, counted from 0'),
  ],
  [
    /CUDA failure 209\b|no kernel image is available/,
    () =>
      device(
        "the CUDA provider was not compiled for this GPU's compute capability (failure 209)",
        'build the cuda image with that architecture in its list',
      ),
  ],
  [
    /CUDA failure 2\b|out of memory|Failed to allocate memory for requested buffer of size (\d+)/i,
    ([, size]) => ({
      code: 'ENGINE_FAILED',
      cause: `memory ran out${size === undefined ? '' : ` at ${size} bytes`}`,
      fix: 'lower batching.maxRows, serve fewer models, or use a larger device',
    }),
  ],
  [
    /assigned to the default CPU EP, but fallback to CPU EP has been explicitly disabled/,
    () =>
      device(
        'some nodes of the model would run on the CPU, which requireGpu forbids',
        'set execution.requireGpu to false, or export the model with operators that the provider has',
      ),
  ],
  [
    /Failed to get a WebGPU adapter/,
    () =>
      device(
        'WebGPU finds no adapter: no Vulkan loader or no driver that it accepts',
        'install libvulkan1 and the Vulkan driver of the GPU; vulkaninfo --summary should list it',
      ),
  ],
  [
    /OrtSessionOptionsAppendExecutionProvider_(\w+): Failed to load shared library/,
    ([, name = '']) =>
      device(
        `the ${name} provider's shared library did not load`,
        'the lines of ONNX Runtime on stderr name the missing file; use the gpu image, which has them all',
      ),
  ],
  [
    /\[(\w+)\] backend not found/,
    ([, name = '']) =>
      device(
        `this build of ONNX Runtime has no provider ${name}`,
        'choose cpu, cuda, tensorrt or webgpu, on a platform that has it',
      ),
  ],
  ...modelRules,
  [/File doesn't exist/, () => model('the file does not exist', 'check the path and its permissions')],
  [
    /Non tensor type is temporarily not supported/,
    () => ({
      code: 'ENGINE_FAILED',
      cause: 'an output asked for is a sequence or a map',
      fix: 'ask for tensor outputs only, or export the model without ZipMap',
    }),
  ],
];

/** What a text of the runtime (an exception's, or lines of its stderr) means, where it is known. */
export function findOrtFault(text: string): OrtFault | undefined {
  for (const [pattern, explain] of rules) {
    const match = pattern.exec(text);
    if (match !== null) return explain(match);
  }
  return undefined;
}

/** The error of a session that could not be made. */
export function explainCreateFault({ modelPath, provider }: SessionSpec, thrown: unknown): AppError {
  const text = messageOf(thrown);
  const fault = findOrtFault(text) ?? findMissingKernel(text, provider);
  const head = `Cannot load ${modelPath} on ${provider}`;
  const details = { modelPath, provider };
  const code = findDeviceLoss(text) === undefined ? 'MODEL_INVALID' : 'DEVICE_UNAVAILABLE';
  if (fault === undefined) return new AppError(code, `${head}: ${tidyOrtText(text)}`, { details, cause: thrown });
  return new AppError(fault.code, `${head}: ${fault.cause}. To fix: ${fault.fix}.`, { details, cause: thrown });
}

/** Whether the runtime refused a model for a reason that is not understood here, or that its own optimiser may be. */
export function isUnexplained({ code, cause }: AppError): boolean {
  return code === 'MODEL_INVALID' && findOrtFault(messageOf(cause)) === undefined;
}

/**
 * The error of a run that failed; `details.isRequestFault` where the shapes or the values of the request are why (`details.said`: the runtime's
 * words), `details.isDeviceLost` where nothing runs on its device any more.
 */
export function explainRunFault(
  thrown: unknown,
  { mostBytes = memoryAtHand(), isHeld = isHeldToLimit(), isEmpty = false }: Partial<RunFacts> = {},
): AppError {
  const text = messageOf(thrown);
  const loss = findDeviceLoss(text);
  if (loss !== undefined) {
    const message = `The device was lost while the model ran (${loss}). To fix: look at nvidia-smi and the kernel's log (dmesg, Xid); the server tries to recover it.`;
    return new AppError('DEVICE_UNAVAILABLE', message, { details: { isDeviceLost: true }, cause: thrown });
  }
  const reason = findRequestFault(text, { mostBytes, isHeld, isEmpty });
  if (reason !== undefined) {
    const details = { isRequestFault: true, said: tidyOrtText(text) };
    return new AppError('ENGINE_FAILED', reason, { details, cause: thrown });
  }
  const fault = findOrtFault(text);
  const message = fault === undefined ? tidyOrtText(text) : `${fault.cause}. To fix: ${fault.fix}.`;
  return new AppError(fault?.code ?? 'ENGINE_FAILED', `The model failed while running: ${message}`, { cause: thrown });
}

/**
 * CUDA errors after which nothing runs any more in the process that met them: its context is broken, or the device is gone. Another
 * process may get the device back.
 */
const lastingCuda = new Set([
  46, 100, 101, 214, 219, 220, 226, 304, 700, 702, 709, 710, 714, 715, 716, 717, 718, 719, 721, 722, 802, 999,
]);

/** The same of WebGPU's device. */
const webgpuLoss =
  /WebGPU device (?:is |was )?lost|\bdevice (?:is|was) lost\b|\bGPU connection lost\b|\bDXGI_ERROR_DEVICE_\w+/i;

/**
 * What the runtime says of a device that was lost while it computed, for a sentence; undefined where it says something else. Names of
 * nodes, which the model's author chose, are not read.
 */
function findDeviceLoss(text: string): string | undefined {
  const said = text.replace(/Name:\s*'[^']*'/g, '');
  for (const [, number = '', meaning = ''] of said.matchAll(/\bCUDA failure (\d+)\s*:?\s*([^;\n]*)/g))
    if (lastingCuda.has(Number(number))) return `CUDA failure ${number}${meaning === '' ? '' : `: ${meaning.trim()}`}`;
  return webgpuLoss.exec(said)?.[0];
}
