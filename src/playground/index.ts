export { findAsset, pageHeaders, type Asset } from './assets.js';
export { listSamples, mostSampleBytes, readSample, type Sample } from './samples.js';
