import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  describeLaunched,
  explainIdleGpu,
  explainNoModels,
  type Launched,
} from '../../../src/launch/session/outcome.js';

const plain = { models: [], broken: [] };

const launched: Launched = {
  name: 'slipway-gpu',
  variant: 'gpu',
  isReused: false,
  gpuPath: 'cdi',
  devices: ['cpu'],
  ...plain,
};

describe('what is said of a server that is ready', () => {
  it('names a GPU that it was given and does not compute on, and where to look', () => {
    assert.match(
      explainIdleGpu(launched) ?? '',
      /given a GPU by cdi, but computes on cpu: launch logs slipway-gpu .*doctor/,
    );
  });

  it('names the models that it serves, and each that it will not', () => {
    const names = Array.from({ length: 14 }, (_, i) => `m${i}`);
    const broken = [{ code: 'MODEL_INVALID', final: true, model: 'e', message: "Model 'e' is no ONNX file." }];
    const text = describeLaunched({ ...launched, models: names, broken }, (part) => part);
    assert.match(text, /^models {4}m0, m1, .*, m11, and 2 more$/m);
    assert.match(text, /^broken {4}Model 'e' is no ONNX file\.$/m);
    assert.doesNotMatch(
      describeLaunched(launched, (part) => part),
      /^(models|broken)/m,
    );
  });

  it('says where gRPC is answered, or why that is out of reach', () => {
    const lineOf = (change: Partial<Launched>) =>
      /^grpc.*$/m.exec(describeLaunched({ ...launched, ...change }, (part) => part))?.[0];
    assert.equal(lineOf({ grpcAddress: '127.0.0.1:8001' }), 'grpc      127.0.0.1:8001');
    assert.equal(lineOf({ noGrpc: 'no port is published' }), 'grpc      none: no port is published');
    assert.equal(lineOf({}), undefined);
  });

  it('says nothing where a GPU computes, none was given, or the server did not tell', () => {
    const cpu: Launched = { name: 'slipway-cpu', variant: 'cpu', isReused: false, devices: ['cpu'], ...plain };
    for (const other of [{ ...launched, devices: ['cpu', 'cuda:0'] }, { ...launched, devices: [] }, cpu]) {
      assert.equal(explainIdleGpu(other), undefined);
    }
  });

  it('warns of a server that names no model, but not of one that tells them only to those with a key', () => {
    const cpu: Launched = { ...launched, url: 'http://127.0.0.1:8000', devices: [] };
    assert.match(explainNoModels({ ...cpu, answers: 'openly' }) ?? '', /lists no model/);
    assert.equal(explainNoModels({ ...cpu, answers: 'with a key' }), undefined);
    assert.match(
      describeLaunched({ ...cpu, answers: 'with a key' }, (part) => part),
      /^device {4}told with a key$/m,
    );
  });

  it('says of a service how many replicas it has, and how to change that', () => {
    const text = describeLaunched({ ...launched, variant: 'cpu', replicas: 3 }, (part) => part);
    assert.match(text, /^service {3}slipway-gpu, 3 replicas$/m);
    assert.match(text, /^next {6}.*launch scale slipway-gpu=N/m);
  });
});
