import { access } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { ProviderName } from '../../model/config.js';

/** Looks whether a path can be read; replaced by tests. */
export type Exists = (path: string) => Promise<boolean>;

/** The folder of ONNX Runtime's binding, where its provider libraries have to lie. The runtime is not loaded. */
export function findBindingFolder(platform: string = process.platform, arch: string = process.arch): string {
  const entry = createRequire(import.meta.url).resolve('onnxruntime-node');
  return join(dirname(entry), '..', 'bin', 'napi-v6', platform, arch);
}

/** Provider libraries on Linux, by provider. */
const libraries: Readonly<Partial<Record<ProviderName, readonly string[]>>> = {
  cuda: ['libonnxruntime_providers_shared.so', 'libonnxruntime_providers_cuda.so'],
  tensorrt: ['libonnxruntime_providers_shared.so', 'libonnxruntime_providers_tensorrt.so'],
};

/** Where the dynamic linker of common Linux systems finds the Vulkan loader. */
const vulkanFolders = [
  '/usr/lib/x86_64-linux-gnu',
  '/usr/lib/aarch64-linux-gnu',
  '/usr/lib64',
  '/usr/lib',
  '/lib/x86_64-linux-gnu',
  '/usr/local/lib',
];

/**
 * Why a provider cannot work here, as far as files tell, or undefined where only a session can: a CPU-only machine learns
 * it without starting a process. Other platforms than Linux bring their libraries along and are always tried.
 */
export async function findMissingFiles(
  provider: ProviderName,
  options: {
    readonly bindingFolder: string;
    readonly libraryPath?: string;
    readonly platform?: string;
    readonly exists?: Exists;
  },
): Promise<string | undefined> {
  if ((options.platform ?? process.platform) !== 'linux') return undefined;
  const exists = options.exists ?? canRead;
  for (const library of libraries[provider] ?? []) {
    if (await exists(join(options.bindingFolder, library))) continue;
    return `ONNX Runtime's provider library ${library} is not installed in ${options.bindingFolder}: use the gpu or cuda image`;
  }
  if (provider !== 'webgpu') return undefined;
  const folders = [...(options.libraryPath ?? '').split(':').filter((folder) => folder !== ''), ...vulkanFolders];
  const found = await Promise.all(folders.map((folder) => exists(join(folder, 'libvulkan.so.1'))));
  return found.includes(true) ? undefined : 'libvulkan.so.1 is not installed: install libvulkan1 and a Vulkan driver';
}

async function canRead(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
