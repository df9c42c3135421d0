import { readdir, readFile, readlink } from 'node:fs/promises';

/**
 * Whether this process, with a WebGPU session open, computes in software: a software Vulkan driver (Mesa's lavapipe,
 * SwiftShader) is mapped and no GPU's device file is open. The runtime itself does not tell the adapter's name.
 */
export function isSoftwareAdapter(maps: string, openPaths: readonly string[]): boolean {
  const hasSoftwareDriver = /libvulkan_lvp|libvk_swiftshader/.test(maps);
  return hasSoftwareDriver && !openPaths.some((path) => /^\/dev\/(dri\/|nvidia|dxg|kfd)/.test(path));
}

/** Reads what `isSoftwareAdapter` decides on; false where /proc does not say. */
export async function readSoftwareAdapter(): Promise<boolean> {
  const maps = await readFile('/proc/self/maps', 'utf8').catch(() => '');
  const fds = await readdir('/proc/self/fd').catch(() => []);
  const paths = await Promise.all(fds.map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => '')));
  return isSoftwareAdapter(maps, paths);
}
