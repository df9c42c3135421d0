import type { RepositoryIndexEntry } from '../../protocol/types.js';
import type { ModelReadiness, ServableModel } from '../../repository/types.js';
import type { ThreadBudget } from '../../resources/types.js';
import { formatShape } from '../../tensor/shape.js';
import type { TensorSpec } from '../../tensor/tensor.js';

/** Where the time from the process's start to ready went, in milliseconds, in the order in which it passed. */
export type Ledger = readonly (readonly [part: string, ms: number])[];

/** `ready in 0.9 s = build 0.1 + node 0.1 + runtime 0.3 + models 0.4`. */
function formatLedger(ledger: Ledger): string {
  const seconds = (ms: number) => (ms / 1000).toFixed(2);
  const total = ledger.reduce((sum, [, ms]) => sum + ms, 0);
  return `ready in ${seconds(total)} s = ${ledger.map(([part, ms]) => `${part} ${seconds(ms)}`).join(' + ')}`;
}

/** What is known when everything has loaded or failed. */
export interface StartupFacts {
  readonly version: string;
  readonly url: string;
  /** Undefined: there is no gRPC port. */
  readonly grpcAddress: string | undefined;
  /** Whether it runs in a container, whose own addresses mean nothing outside. */
  readonly isContained: boolean;
  readonly modelsFolder: string;
  /** What lies there instead of models, as the end of a sentence; see butForeign. */
  readonly others: string;
  readonly models: readonly ServableModel[];
  readonly index: readonly RepositoryIndexEntry[];
  /** Of every version that is to be served. */
  readonly readiness: readonly ModelReadiness[];
  readonly provider: string;
  readonly choices: readonly string[];
  readonly budget: ThreadBudget;
  readonly ledger: Ledger;
  readonly isReady: boolean;
}

/** The lines that a person reads when the server has started. */
export function formatStartup(facts: StartupFacts): string {
  const { version, provider, choices, budget, ledger, isReady } = facts;
  const lines = [
    `Slipway ${version}  ${describePlace(facts)}`,
    ...(facts.grpcAddress === undefined ? [] : [`gRPC          ${describeGrpc(facts.grpcAddress, facts.isContained)}`]),
    '',
    ...modelLines(facts),
    '',
    `provider  ${provider}`,
    ...choices.filter(isFallback).map((reason) => `          ${reason}`),
    `threads   ${formatBudget(budget)}`,
    isReady
      ? formatLedger(ledger)
      : formatLedger(ledger).replace(/^ready/, 'not ready: see the failed models above; started'),
  ];
  return `${lines.join('\n')}\n`;
}

/** Addresses that can be typed; inside a container only its port, for what it is published as is not known there. */
function describePlace({ url, isContained }: StartupFacts): string {
  if (!isContained) return `${url}  (page: ${url}/  API: ${url}/docs)`;
  return `port ${new URL(url).port} of this container; launch ps or docker port shows where it is published (page: /  API: /docs)`;
}

function describeGrpc(address: string, isContained: boolean): string {
  return isContained ? `port ${address.slice(address.lastIndexOf(':') + 1)} of this container` : address;
}

/** `2 CPUs (2 online): 2 workers x 1 thread, 2 for images and large bodies, 4 for files`. */
function formatBudget({ cpus, source, workers, intraOpThreads, codecThreads, ioThreads }: ThreadBudget): string {
  return `${plural(cpus, 'CPU')} (${source}): ${plural(workers, 'worker')} x ${plural(intraOpThreads, 'thread')}, ${codecThreads} for images and large bodies, ${ioThreads} for files`;
}

/** `cuda works` explains itself; what was skipped is told. */
function isFallback(reason: string): boolean {
  return !reason.endsWith(' works');
}

function modelLines({ models, index, readiness, modelsFolder, others: instead }: StartupFacts): readonly string[] {
  const ready = models.map((model) => ({
    name: `${model.name}/${model.version}`,
    text: describe(model),
    notes: model.notes,
  }));
  const pipelines = index
    .filter(({ name, state }) => state === 'READY' && !models.some((model) => model.name === name))
    .map(({ name }) => ({ name, text: 'pipeline of models', notes: [] }));
  const others = index.filter(({ state, reason }) => state !== 'READY' && reason !== 'UNLOADED' && reason !== '');
  const failed = others.map(({ name, version, reason }) => ({
    name: version === undefined ? name : `${name}/${version}`,
    text: `${isWanted(readiness, name, version) ? 'NOT READY' : 'not served'}: ${reason}`,
    notes: [],
  }));
  const all = [...ready, ...pipelines, ...failed];
  if (all.length === 0) {
    return [
      `no models in ${modelsFolder}${instead}: put <name>/<version>/model.onnx there and start again (with --management: POST /v2/repository/models/<name>/load)`,
    ];
  }
  const width = Math.max(...all.map(({ name }) => name.length));
  return all.flatMap(({ name, text, notes }) => [
    `  ${name.padEnd(width)}  ${text}`,
    ...notes.map((note) => `  ${' '.repeat(width)}  note: ${note}`),
  ]);
}

/** Whether a version is to be served, rather than one that another replaces. */
function isWanted(readiness: readonly ModelReadiness[], name: string, version: string | undefined): boolean {
  return readiness.some((of) => of.model === name && of.version === version);
}

function describe({ inputs, outputs, devices, config, loadMs }: ServableModel): string {
  const list = (specs: readonly TensorSpec[]) =>
    specs.map(({ name, datatype, shape }) => `${name} ${datatype}${formatShape(shape)}`).join(', ');
  const taken = `${config.image === undefined ? '' : ', takes images'}${config.text === undefined ? '' : ', takes texts'}`;
  return `${list(inputs)} -> ${list(outputs)}  on ${devices.join(', ')}${taken}, loaded in ${(loadMs / 1000).toFixed(2)} s`;
}

function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/** Every model that the start found, ready or not, as facts for the JSON form of the start. */
export function startedModels({ models, index }: Pick<StartupFacts, 'models' | 'index'>): readonly object[] {
  return index.map(({ name, version, state, reason }) => {
    const model = models.find((one) => one.name === name && one.version === version);
    return {
      model: name,
      ...(version === undefined ? {} : { version }),
      state,
      ...(reason === '' ? {} : { reason }),
      ...(model === undefined
        ? {}
        : { device: model.devices.join(','), loadMs: Math.round(model.loadMs), trial: model.trial }),
      ...(model === undefined || model.notes.length === 0 ? {} : { notes: model.notes }),
    };
  });
}
