import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { toSkipReason } from '../../../bench/targets/container.js';
import { AppError, messageOf, type ErrorCode } from '../../../src/errors.js';

const refusal = (code: ErrorCode, cause: string): AppError =>
  new AppError(code, `--variant gpu is not possible: ${cause}\n  fix: use --variant cpu`, {
    details: { cause, fix: 'use --variant cpu' },
  });

describe('the reason why a container is not measured', () => {
  it("is the launcher's cause in one line, with a command that helps here", () => {
    const cases = [
      [
        refusal('IMAGE_MISSING', 'the image slipway:gpu is not on the engine'),
        /on the engine\. .*launch build --variant gpu$/,
      ],
      [refusal('DOCKER_UNREACHABLE', 'No engine answers at x.'), /^No engine answers at x\. .*--target native-cpu$/],
      [
        refusal('DEVICE_UNAVAILABLE', 'no NVIDIA GPU was found'),
        /^no NVIDIA GPU was found\. .*launch doctor --variant gpu$/,
      ],
    ] as const;
    for (const [thrown, expected] of cases) assert.match(messageOf(toSkipReason(thrown, 'gpu')), expected);
  });

  it('is the failure itself where it tells more than a cause: the last lines of a server that ended', () => {
    const ended = new AppError('CONTAINER_EXITED', 'x ended with exit code 1.\n  last lines:\n    boom', {
      details: { cause: 'boom' },
    });
    assert.equal(toSkipReason(ended, 'cpu'), ended);
  });
});
