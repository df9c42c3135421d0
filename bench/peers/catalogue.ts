import type { WorkName } from '../workloads.js';

/** How a server wants its request: tensors as bare bytes or as the protocol's binary data, a JPEG file, or the protocol's JSON. */
export type PeerForm = 'bytes' | 'protocol' | 'jpeg' | 'json';

/** What one server does of a workload. */
export interface PeerWork {
  readonly form: PeerForm;
  readonly path: string;
  /** What comes back, in words: servers are compared in the form that is natural to each. */
  readonly answers: string;
}

/** A server that others made, or a file of a few lines around the runtime. */
export interface Peer {
  readonly name: string;
  readonly tool: 'python' | 'node';
  /** Its file in `bench/peers/servers/`. */
  readonly file: string;
  /** Exact packages, beside the runtime. */
  readonly packages: readonly string[];
  readonly works: Partial<Record<WorkName, PeerWork>>;
  /** Why a workload is not among them. */
  readonly leftOut?: string;
}

const rawTensors = (path: string): PeerWork => ({ form: 'bytes', path, answers: 'both outputs as bare bytes' });
const bestBox = (path: string): PeerWork => ({ form: 'jpeg', path, answers: 'the best box and its score as JSON' });
const json = (path: string): PeerWork => ({ form: 'json', path, answers: 'both outputs as JSON' });
const binary = (path: string): PeerWork => ({ form: 'protocol', path, answers: 'both outputs as binary data' });

const fastapi = ['fastapi==0.165.0', 'uvicorn==0.54.0', 'uvloop==0.23.0', 'httptools==0.9.0'];
const imaging = 'opencv-python-headless==5.0.0.93';

/** Every server that is compared, in the order in which tables show them. */
export const peers: readonly Peer[] = [
  {
    name: 'fastapi',
    tool: 'python',
    file: 'fastapi_server.py',
    packages: [...fastapi, 'orjson==3.13.0', imaging],
    works: { tensor: rawTensors('/tensor'), image: bestBox('/image'), json: json('/json') },
  },
  {
    name: 'fastapi-plain',
    tool: 'python',
    file: 'fastapi_plain_server.py',
    packages: [...fastapi, imaging],
    works: { tensor: rawTensors('/tensor'), image: bestBox('/image'), json: json('/json') },
  },
  {
    name: 'fastify',
    tool: 'node',
    file: 'fastify-inline.js',
    packages: [],
    works: { tensor: rawTensors('/tensor'), json: json('/json') },
    leftOut: 'images need a decoder, and with sharp it would be our image path without its threads',
  },
  {
    name: 'node-http',
    tool: 'node',
    file: 'node-http.js',
    packages: [],
    works: { tensor: rawTensors('/'), json: json('/') },
    leftOut: 'images need a decoder',
  },
  {
    name: 'litserve',
    tool: 'python',
    file: 'litserve_server.py',
    packages: ['litserve==0.2.19', 'uvloop==0.23.0', 'httptools==0.9.0', imaging],
    works: { tensor: rawTensors('/predict'), image: bestBox('/predict'), json: json('/predict') },
  },
  {
    name: 'bentoml',
    tool: 'python',
    file: 'bentoml_server.py',
    packages: ['bentoml==1.4.40', imaging],
    works: { image: bestBox('/image'), json: json('/json') },
    leftOut: 'it has no form for a bare body of tensors but a file on disk or a pickle',
  },
  {
    name: 'mlserver',
    tool: 'python',
    file: 'mlserver_server.py',
    packages: ['mlserver==1.7.1'],
    works: { json: json('/v2/models/model/infer') },
    leftOut: 'its HTTP side takes tensors as JSON only; images are not its kind of input',
  },
  {
    name: 'pytriton',
    tool: 'python',
    file: 'pytriton_server.py',
    packages: ['nvidia-pytriton==0.7.0'],
    works: { tensor: binary('/v2/models/model/infer'), json: json('/v2/models/model/infer') },
    leftOut: 'images need a pipeline of several models',
  },
];

/** Names of all peers, as the command line takes them. */
export const peerNames: readonly string[] = peers.map(({ name }) => name);
