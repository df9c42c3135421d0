import { exitTexts as serverExits } from '../server/exit-codes.js';
import { exitTexts as toolExits } from '../tool/exit-codes.js';
import type { Manual } from './page.js';

/** What slipway(1) says beside the definitions of its flags. */
export const slipwayManual: Manual = {
  title: 'serves ONNX models over HTTP and gRPC, and asks the servers',
  description: [
    'slipway serves a model file, the folder of one model, or a folder of models; without one the bundled models. It speaks the Open Inference Protocol, takes images, texts and tensors, and has a page to try the models on. Its commands ask running servers (predict, bench) and look at models without serving them (inspect, init).',
    'Each serving option is also an environment variable and a key of the --config file. An option wins over a variable, a variable over the file. A setting that is wrong or unknown ends the start with a sentence and exit status 2.',
    'SIGTERM and SIGINT drain the server; a second signal ends it at once. A supervisor starts it again after a crash, unless --no-supervisor is given.',
  ],
  environment: [
    ['SLIPWAY_...', 'Each serving option; see its entry above.'],
    ['SLIPWAY_URL', 'Address of the server that predict, bench and completion ask. Default: http://127.0.0.1:8000.'],
    ['SLIPWAY_API_KEY', 'API key that they send, if --key-file is not given.'],
    ['OTEL_...', 'The variables of OpenTelemetry: where traces and metrics are sent. Without them nothing is sent.'],
    ['XDG_CACHE_HOME', 'Folder of the cache, if --cache-dir is not given.'],
    ['NO_COLOR, FORCE_COLOR', 'Whether the output has colours; by default only on a terminal.'],
  ],
  files: [
    ['model.json', 'In the folder of a model: what its file does not say. slipway init writes one to start from.'],
    ['MODEL/VERSION/model.onnx', 'A model in a folder of models; MODEL/model.onnx and MODEL.onnx are models too.'],
    ['~/.cache/slipway', 'Optimised models and models that were fetched.'],
  ],
  exits: [
    { of: 'Serving:', codes: serverExits },
    { of: 'slipway inspect and slipway init:', codes: { 4: 'a model is refused, or none is there' } },
    { of: 'slipway predict, slipway bench and slipway completion:', codes: toolExits },
  ],
  examples: [
    ['Serve one model on port 9000:', 'slipway model.onnx --port 9000'],
    [
      'Serve a folder of models on every address, over HTTP and gRPC:',
      'slipway ./models --host 0.0.0.0 --grpc-port 8001',
    ],
    ['Take the settings from a file:', 'slipway --config slipway.json'],
    ['Ask a running server about an image:', 'slipway predict photo.jpg --model digits'],
    ['Ask a model file without a server:', 'slipway predict --models model.onnx photo.jpg --top 3'],
    ['Measure how fast a server answers:', 'slipway bench --model digits --clients 1,8,32'],
    ['Show what would be served, and how:', 'slipway inspect ./models'],
    ['Complete options, values and names of models in bash:', 'source <(slipway completion bash)'],
  ],
  seeAlso: ['launch(1)'],
};
