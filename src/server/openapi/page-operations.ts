import { bytes, get, json, page, post, type Operation } from './operation.js';
import { object, ref } from './schemas.js';

const postFrame = post('/stream/:name', 'postFrame', {
  tag: 'streams',
  summary: 'A frame for the watchers of a stream whose source is post',
  body: { 'image/*': bytes },
  answer: json(object({ watchers: { type: 'integer' } })),
  failures: [400, 404, 413],
});

/** Streams of cameras. */
export const streamOperations: readonly Operation[] = [
  get('/stream', 'streamPage', {
    tag: 'streams',
    summary: 'A page with all streams',
    answer: page,
    failures: [],
  }),
  get('/streams', 'streams', {
    tag: 'streams',
    summary: 'Every stream and its state',
    answer: json(object({ streams: { type: 'array', items: ref('Stream') } })),
    failures: [],
  }),
  get('/stream/:name', 'watchStream', {
    tag: 'streams',
    summary: 'Frames with the model’s results, one after another (MJPEG)',
    answer: { 'multipart/x-mixed-replace': bytes },
    failures: [404, 429, 503],
  }),
  postFrame,
  { ...postFrame, method: 'put', id: 'putFrame' },
];

/** The playground and its parts. */
export const pageOperations: readonly Operation[] = [
  get('/', 'page', {
    tag: 'server',
    summary: 'The page; {"status": "alive"} for programs that accept JSON',
    answer: page,
    failures: [],
  }),
  get('/playground/:file', 'pageFile', {
    tag: 'server',
    summary: 'Parts of the page',
    answer: { '*/*': bytes },
    failures: [404],
  }),
  get('/playground/:folder/:file', 'pageFileInFolder', {
    tag: 'server',
    summary: 'Parts of the page, by what they are for',
    answer: { '*/*': bytes },
    failures: [404],
  }),
  get('/playground/samples/:model', 'samples', {
    tag: 'server',
    summary: 'Samples to try a model with',
    answer: json(
      object({ samples: { type: 'array', items: object({ name: { type: 'string' }, kind: { type: 'string' } }) } }),
    ),
    failures: [],
  }),
  get('/playground/samples/:model/:name', 'sample', {
    tag: 'server',
    summary: 'One sample',
    answer: { '*/*': bytes },
    failures: [404],
  }),
];
