import type { EncodedRequest } from '../protocol/decode-request.js';
import { decodeInferRequest } from '../protocol/decode-request.js';
import { encodeInferResponse } from '../protocol/encode-response.js';
import type { ModelSignature } from '../protocol/signature.js';
import type { EncodedResponse, InferRequest, InferResponse } from '../protocol/types.js';

/** From bytes to tensors and back. Small bodies are done at once; large ones answer a promise. */
export interface Codec {
  decode(request: EncodedRequest, signature: ModelSignature): InferRequest | Promise<InferRequest>;
  encode(response: InferResponse): EncodedResponse | Promise<EncodedResponse>;
}

/** Everything on the calling thread. */
export const directCodec: Codec = { decode: decodeInferRequest, encode: encodeInferResponse };
