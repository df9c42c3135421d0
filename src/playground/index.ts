export { findAsset, pageHeaders, type Asset } from './assets.js';
export { listSamples, readSample, type Sample } from './samples.js';
