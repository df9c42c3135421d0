import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { editions } from '../../src/launch/editions.js';
import { dockerfiles, globalArgument } from './dockerfile.js';

interface Plan {
  readonly group: Readonly<Record<string, { readonly targets: readonly string[] }>>;
  readonly target: Readonly<Record<string, Target>>;
}

interface Target {
  readonly dockerfile: string;
  readonly tags: readonly string[];
  readonly platforms?: readonly string[];
  readonly args: Readonly<Record<string, string>>;
  readonly attest?: readonly (string | Readonly<Record<string, string>>)[];
}

/** What bake would build; it asks no engine. */
function printPlan(variables: Readonly<Record<string, string>> = {}): Plan | undefined {
  const args = ['buildx', 'bake', '--file', 'docker/docker-bake.hcl', '--print', 'all'];
  const { status, stdout } = spawnSync('docker', args, { env: { ...process.env, ...variables } });
  return status === 0 ? (JSON.parse(stdout.toString()) as Plan) : undefined;
}

const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { readonly version: string };
const hasBuildx = spawnSync('docker', ['buildx', 'version']).status === 0;
const skip = hasBuildx ? false : 'needs docker buildx';
if (skip !== false) console.log(`skipped: docker-bake.hcl ${skip}`);

describe('docker-bake.hcl', { skip }, () => {
  it('builds every variant with the defaults of its Dockerfile', () => {
    const plan = printPlan();
    assert.ok(plan, 'bake --print answers');
    for (const file of dockerfiles) {
      const target: Target | undefined = plan.target[file.variant];
      assert.ok(target, file.variant);
      assert.equal(target.dockerfile, `docker/Dockerfile.${file.variant}`);
      assert.deepEqual(target.tags, [`slipway:${file.variant}`, `slipway:${version}-${file.variant}`]);
      for (const name of Object.keys(target.args).filter((name) =>
        /^(?!BASE_|CUDA_IMAGE).*_(IMAGE|ARCHS)$/.test(name),
      )) {
        assert.equal(target.args[name], globalArgument(file, name), `${file.variant} ${name}`);
      }
    }
    assert.equal(plan.target['cpu']?.attest, undefined);
  });

  it('builds the gpu image for both CUDA majors, each on its own base and under the tag that the plan looks for', () => {
    const plan = printPlan();
    const text = dockerfiles.find(({ variant }) => variant === 'gpu')?.text ?? '';
    for (const { tag, buildArgs } of editions.gpu) {
      const target: Target | undefined = plan?.target[tag.replace('slipway:', '')];
      assert.ok(target, tag);
      const { CUDA_MAJOR: major = '13', CUDA_IMAGE: image = '', BASE_NAME: base } = target.args;
      assert.deepEqual(
        [target.tags[0], target.dockerfile, base],
        [tag, 'docker/Dockerfile.gpu', image.replace(/@.*/, '')],
      );
      assert.equal(major, buildArgs['CUDA_MAJOR'] ?? '13');
      const from = `FROM \${CUDA_IMAGE:-${image}} AS base-${major}\n`;
      assert.ok(text.includes(from), from);
    }
  });

  it('labels an image with the name and the digest of its base, where that is pinned', () => {
    const pinned = `example/node:22@sha256:${'a'.repeat(64)}`;
    for (const [image, digest] of [
      [pinned, `sha256:${'a'.repeat(64)}`],
      ['host:5000/node:22', ''],
    ] as const) {
      const { NODE_IMAGE, BASE_NAME, BASE_DIGEST } = printPlan({ NODE_IMAGE: image })?.target['cpu']?.args ?? {};
      assert.deepEqual([NODE_IMAGE, BASE_NAME, BASE_DIGEST], [image, image.replace(/@.*/, ''), digest]);
    }
  });

  it('turns on several platforms, a registry, contents lists and provenance by variables', () => {
    const variables = { PLATFORMS: 'linux/amd64,linux/arm64', REGISTRY: 'host:5000/team', SBOM: 'true' };
    const plan = printPlan({ ...variables, PROVENANCE: 'mode=max' });
    const target = plan?.target['cpu'];
    assert.deepEqual(target?.platforms, ['linux/amd64', 'linux/arm64']);
    assert.equal(target.tags[0], 'host:5000/team/slipway:cpu');
    assert.match(JSON.stringify(target.attest), /sbom.*provenance/);
    assert.deepEqual(plan?.target['gpu']?.platforms, ['linux/amd64']);
  });
});
