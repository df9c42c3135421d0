import type { NetworksApi, VolumesApi } from '../gateway.js';
import { asLabels, asList, asRecord, asText } from '../../../store/json.js';
import type { Subject, Transport } from './transport.js';
import type { NetworkSummary, VolumeSummary } from '../types.js';

/** Networks of an engine. */
export function networksOf(transport: Transport): NetworksApi {
  return {
    list: async ({ labels } = {}) => {
      const query = { filters: labels === undefined ? undefined : { label: labels } };
      const subject: Subject = { action: 'list networks', kind: 'engine' };
      return asList(await transport.json({ method: 'GET', path: '/networks', query, subject })).map(parseNetwork);
    },
    create: async ({ name, driver, internal, attachable, labels }) => {
      const body = {
        Name: name,
        CheckDuplicate: true,
        Internal: internal === true,
        Labels: labels ?? {},
        ...(attachable === true ? { Attachable: true } : {}),
        ...(driver === undefined ? {} : { Driver: driver }),
      };
      const subject: Subject = { action: `create network ${name}`, kind: 'network', ref: name };
      const answer = await transport.json({ method: 'POST', path: '/networks/create', body, subject });
      return asText(asRecord(answer)['Id']);
    },
    remove: async (ref) => {
      const subject: Subject = { action: `remove network ${ref}`, kind: 'network', ref };
      await transport.json({ method: 'DELETE', path: `/networks/${encodeURIComponent(ref)}`, subject });
    },
  };
}

function parseNetwork(json: unknown): NetworkSummary {
  const entry = asRecord(json);
  return {
    id: asText(entry['Id']),
    name: asText(entry['Name']),
    driver: asText(entry['Driver']),
    scope: asText(entry['Scope']),
    internal: entry['Internal'] === true,
    subnets: asList(asRecord(entry['IPAM'])['Config']).map((part) => asText(asRecord(part)['Subnet'])),
    labels: asLabels(entry['Labels']),
  };
}

/** Volumes of an engine. */
export function volumesOf(transport: Transport): VolumesApi {
  return {
    list: async ({ labels, dangling } = {}) => {
      const filters = {
        ...(labels === undefined ? {} : { label: labels }),
        ...(dangling === undefined ? {} : { dangling: [String(dangling)] }),
      };
      const subject: Subject = { action: 'list volumes', kind: 'engine' };
      const query = { filters: Object.keys(filters).length === 0 ? undefined : filters };
      const answer = await transport.json({ method: 'GET', path: '/volumes', query, subject });
      return asList(asRecord(answer)['Volumes']).map(parseVolume);
    },
    create: async ({ name, labels }) => {
      const subject: Subject = { action: `create volume ${name}`, kind: 'volume', ref: name };
      const body = { Name: name, Labels: labels ?? {} };
      await transport.json({ method: 'POST', path: '/volumes/create', body, subject });
    },
    remove: async (name) => {
      const subject: Subject = { action: `remove volume ${name}`, kind: 'volume', ref: name };
      await transport.json({ method: 'DELETE', path: `/volumes/${encodeURIComponent(name)}`, subject });
    },
  };
}

function parseVolume(json: unknown): VolumeSummary {
  const entry = asRecord(json);
  return {
    name: asText(entry['Name']),
    driver: asText(entry['Driver']),
    mountpoint: asText(entry['Mountpoint']),
    labels: asLabels(entry['Labels']),
  };
}
