import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AppError } from '../../../src/errors.js';
import {
  explainEngineError,
  neverReadyError,
  permitsFallback,
  toRefusal,
} from '../../../src/launch/failures/explain.js';
import type { HealthReason } from '../../../src/protocol/server-health.js';

const reasonOf = (code: string, message: string): HealthReason => ({ code, final: true, model: 'm', message });
const noLibrary = reasonOf(
  'DEVICE_UNAVAILABLE',
  "Model 'm' cannot be loaded: the NVIDIA driver library libcuda.so.1 is not visible here. To fix: start it with the GPU.",
);
const cutShort = reasonOf('MODEL_INVALID', "Model 'e' cannot be loaded: it is cut short. To fix: copy it again.");
const failure = (...reasons: readonly HealthReason[]) =>
  neverReadyError({ name: 's', reasons, logLines: ['a line'], wasShown: false });

describe('a server that says that it will never be ready', () => {
  it('is a missing device where one of its models lacks it: auto goes on and says why', () => {
    const error = failure(cutShort, noLibrary);
    assert.equal(error.code, 'DEVICE_UNAVAILABLE');
    assert.ok(permitsFallback(error));
    assert.match(toRefusal(error).cause, /libcuda\.so\.1/);
    assert.match(toRefusal(error).fix, /^start it with the GPU/);
  });

  it('is no reason to fall back where its models are broken', () => {
    const error = failure(cutShort);
    assert.equal(permitsFallback(error), false);
    assert.match(
      error.message,
      /^s runs, but will never be ready\.\n {2}reason: Model 'e'.*To fix: copy it again\.\n {2}fix: copy it again$/,
    );
  });

  it('shows a few reasons whole and counts the others', () => {
    const { message } = failure(...Array.from({ length: 9 }, () => cutShort));
    assert.equal(message.match(/reason:/g)?.length, 5);
    assert.match(message, /and 4 more/);
  });
});

describe('what an engine refuses', () => {
  const refused = (engine: string) =>
    explainEngineError(new AppError('NOT_FOUND', `Could not start container x: ${engine}`, { details: { engine } }));

  it('is no missing container where a network is missing', () => {
    const { code, message } = refused('network nonet not found');
    assert.equal(code, 'DOCKER_REFUSED');
    assert.match(
      message,
      /has no network of the name[\s\S]*engine: network nonet not found[\s\S]*fix: docker network ls/,
    );
  });
});
