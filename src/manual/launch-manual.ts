import { exitTexts } from '../launch/exit-codes.js';
import type { Manual } from './page.js';

/** What launch(1) says beside the definitions of its flags. */
export const launchManual: Manual = {
  title: 'starts the ONNX model server that fits this machine',
  description: [
    'launch looks at the machine and its container engine, picks the variant of the server that fits (a container with or without a GPU, or a process of this machine), starts it, waits until it is ready, and says why it chose so. Without the name of a command it is launch up.',
    'Results go to the standard output, narration to the standard error; with --json the result is one JSON document. A choice that was made explicitly (--variant, --gpus, --device nvidia.com/gpu=..., --context, -H) never falls back: it is kept, or refused with cause and fix.',
    'Arguments after -- go to the server, and are described in slipway(1). The first Ctrl-C drains the server, the second kills it.',
  ],
  environment: [
    ['DOCKER_HOST, DOCKER_CONTEXT', 'The engine, if neither -H nor --context names one.'],
    ['DOCKER_CONFIG', 'Folder of the docker CLI with its contexts and credentials. Default: ~/.docker.'],
    ['DOCKER_DEFAULT_PLATFORM', 'Platform that launch build builds for, without --platform.'],
    ['SLIPWAY_STATE_DIR', 'Folder of the state and logs of native servers.'],
    ['SLIPWAY_CACHE_DIR', 'Folder of the cache of pulled models, if --cache-dir is not given.'],
    ['XDG_STATE_HOME, XDG_CACHE_HOME', 'Folders that contain both, unless those are named.'],
    [
      'AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION, AWS_ENDPOINT_URL_S3',
      'Credentials and address for models at s3://, as in the AWS CLI.',
    ],
    ['HF_TOKEN, HF_ENDPOINT', 'Credentials and address for models at hf://.'],
    ['NO_COLOR, FORCE_COLOR', 'Whether the output has colours; by default only on a terminal.'],
  ],
  files: [
    ['~/.slipway, $XDG_STATE_HOME/slipway', 'State and logs of native servers.'],
    ['~/.cache/slipway/models', 'Models that were pulled.'],
    ['~/.docker/config.json', 'Contexts and credentials of registries.'],
    ['/etc/cdi, /var/run/cdi', 'What the machine offers as CDI devices.'],
  ],
  exits: [
    { of: 'launch and its commands:', codes: exitTexts },
    { of: 'launch doctor:', codes: { 0: 'all is well', 1: 'a warning', 2: 'a failure' } },
    { of: 'launch models validate, launch models inspect:', codes: { 1: 'a model fails or is refused' } },
  ],
  examples: [
    ['Start what fits this machine, with the models of ./models:', 'launch --mount .:/srv'],
    ['With a GPU or not at all, in the background, on port 9000:', 'launch -d --variant gpu -p 9000:8000'],
    ['Say what would start, and why:', 'launch --dry-run --explain'],
    ['Follow its output, then drain and stop it:', 'launch logs -f slipway-cpu && launch stop slipway-cpu'],
    [
      'A service of a Swarm with three replicas, then five:',
      'launch up --swarm --name web --replicas 3 && launch scale web=5',
    ],
    [
      'Write it for Kubernetes:',
      'launch export kubernetes --image registry.example/slipway:1 --replicas 3 -o slipway.yaml',
    ],
    ['Bring a model here:', 'launch models pull s3://bucket/digits'],
    ['Complete commands, flags and names in bash:', 'source <(launch completion bash)'],
  ],
  seeAlso: ['slipway(1)', 'docker(1)'],
};
