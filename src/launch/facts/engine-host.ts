import type { EngineFacts, Fact, HostSystem } from './facts.js';

/** Whether this machine's files speak for the host on which the engine runs containers, and if not, why. */
export type EnginePlace = { readonly isHere: true } | { readonly isHere: false; readonly reason: string };

/**
 * A kernel tells: containers share their host's. Another release means another machine or a virtual one (Desktop, Colima,
 * Lima, a devcontainer's outer host counts as here). Over tcp the host's name must agree too.
 */
export function whereIsEngine(engine: EngineFacts, system: Fact<HostSystem>): EnginePlace {
  const { remoteHost, info, url } = engine;
  const elsewhere = (reason: string): EnginePlace => ({
    isHere: false,
    reason: `${reason}; this machine's files do not describe it`,
  });
  if (remoteHost !== undefined) return elsewhere(`the engine runs on ${remoteHost}`);
  if (system.state === 'unknown') return elsewhere(`this system could not be asked (${system.reason})`);
  const { platform, kernel, hostname, isWsl } = system.value;
  // On Windows nvidia-smi.exe answers for the GPU that Desktop's WSL machine shares.
  if (info.kind === 'desktop' && (platform === 'win32' || isWsl)) return { isHere: true };
  if (info.kernel !== '' && info.kernel !== kernel) {
    return elsewhere(`the engine runs in a virtual machine (${info.operatingSystem}, kernel ${info.kernel})`);
  }
  if (/^(tcp|https?):/.test(url) && info.hostname !== hostname)
    return elsewhere(`the engine behind ${url} runs on ${info.hostname}`);
  return { isHere: true };
}
