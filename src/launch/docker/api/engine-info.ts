import { asList, asNumber, asRecord, asText, asTexts, type Json } from '../../../store/json.js';
import type { EngineInfo } from '../types.js';

const architectures: Readonly<Record<string, string>> = { x86_64: 'amd64', aarch64: 'arm64' };

/** Maps `GET /version` and `GET /info` of Docker 20.10 and later, of Docker Desktop and of Podman. */
export function parseEngineInfo(versionJson: unknown, infoJson: unknown): EngineInfo {
  const [version, info] = [asRecord(versionJson), asRecord(infoJson)];
  const architecture = asText(info['Architecture']);
  const securityOptions = asTexts(info['SecurityOptions']);
  return {
    kind: kindOf(version, info),
    version: asText(info['ServerVersion']) || asText(version['Version']),
    apiVersion: asText(version['ApiVersion']),
    minApiVersion: asText(version['MinAPIVersion']),
    osType: asText(info['OSType']) || asText(version['Os']),
    operatingSystem: asText(info['OperatingSystem']),
    architecture: architectures[architecture] ?? architecture,
    kernel: asText(info['KernelVersion']),
    hostname: asText(info['Name']),
    cpus: asNumber(info['NCPU']),
    memoryBytes: asNumber(info['MemTotal']),
    rootless: securityOptions.some((option) => option === 'name=rootless' || option === 'rootless'),
    runtimes: Object.keys(asRecord(info['Runtimes'])).sort(),
    defaultRuntime: asText(info['DefaultRuntime']),
    ...parseCdi(info),
    cgroupDriver: asText(info['CgroupDriver']),
    cgroupVersion: asText(info['CgroupVersion']),
    storageDriver: asText(info['Driver']),
    dataRoot: asText(info['DockerRootDir']),
    securityOptions,
    ...(typeof info['IndexServerAddress'] === 'string' ? { indexServer: info['IndexServerAddress'] } : {}),
    warnings: asTexts(info['Warnings']),
  };
}

function parseCdi(info: Json): Pick<EngineInfo, 'cdiDevices' | 'cdiSpecDirs'> {
  const devices = info['DiscoveredDevices'];
  const dirs = info['CDISpecDirs'];
  const names = asList(devices)
    .map(asRecord)
    .filter((device) => device['Source'] === 'cdi')
    .map((device) => asText(device['ID']));
  return {
    ...(devices === undefined ? {} : { cdiDevices: names }),
    ...(dirs === undefined ? {} : { cdiSpecDirs: asTexts(dirs) }),
  };
}

function kindOf(version: Json, info: Json): EngineInfo['kind'] {
  const names = asList(version['Components']).map((part) => asText(asRecord(part)['Name']));
  if (names.includes('Podman Engine')) return 'podman';
  const platform = asText(asRecord(version['Platform'])['Name']);
  const isDesktop = info['OperatingSystem'] === 'Docker Desktop' || platform.startsWith('Docker Desktop');
  return isDesktop ? 'desktop' : 'docker';
}
