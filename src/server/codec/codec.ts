import { AppError } from '../../errors.js';
import type { EncodedRequest } from '../../protocol/decode-request.js';
import type { ModelSignature } from '../../protocol/signature.js';
import type { EncodedResponse, InferResponse } from '../../protocol/types.js';
import type { PredictRequest } from '../../protocol/v1-decode.js';
import type { PredictResponse } from '../../protocol/v1-encode.js';
import type { CheckedRequest } from '../../protocol/validate.js';
import { estimateJsonBytes } from './cost.js';
import { asBuffer, performTask, type CodecResults, type CodecTask } from './tasks.js';
import { CodecThread } from './thread.js';

export interface CodecOptions {
  /** Threads for what is large; 0: everything is done where it is called. */
  readonly threads: number;
  /** JSON of fewer bytes is read or written at once on the calling thread. Default 32 KiB. */
  readonly inlineLimitBytes?: number;
  /** Most heap of a codec thread in MiB; beyond it the thread is lost and started anew. Default: Node's. */
  readonly threadHeapMb?: number;
}

/**
 * Reads requests and writes answers: small JSON at once, large JSON on threads of its own, so that the event loop never
 * waits for it. Bodies given to it belong to it. Rejects or throws INVALID_INPUT, WORKER_LOST and SHUTTING_DOWN.
 */
export interface Codec {
  decodeInfer(request: EncodedRequest, model: ModelSignature): CheckedRequest | Promise<CheckedRequest>;
  encodeInfer(response: InferResponse): EncodedResponse | Promise<EncodedResponse>;
  decodePredict(body: Buffer, model: ModelSignature): PredictRequest | Promise<PredictRequest>;
  encodePredict(response: PredictResponse): EncodedResponse | Promise<EncodedResponse>;
  /** Starts the threads before they are needed. */
  prewarm(): Promise<void>;
  /** Ends the threads; tasks they still have are rejected with SHUTTING_DOWN. */
  close(): Promise<void>;
}

const defaultInlineLimitBytes = 32 * 1024;
const noBinary: ReadonlySet<string> = new Set();

export function createCodec(options: CodecOptions): Codec {
  return new ThreadedCodec(options);
}

class ThreadedCodec implements Codec {
  readonly #threads: readonly CodecThread[];
  readonly #inlineLimitBytes: number;
  #isClosed = false;

  constructor({ threads, inlineLimitBytes = defaultInlineLimitBytes, threadHeapMb }: CodecOptions) {
    const limits = threadHeapMb === undefined ? {} : { maxOldGenerationSizeMb: threadHeapMb };
    this.#threads = Array.from({ length: threads }, () => new CodecThread(limits));
    this.#inlineLimitBytes = inlineLimitBytes;
  }

  decodeInfer({ body, headerLength }: EncodedRequest, model: ModelSignature) {
    return this.#run({ kind: 'decode-infer', body, headerLength, model }, headerLength ?? body.length);
  }

  encodeInfer(response: InferResponse) {
    const jsonBytes = estimateJsonBytes(response.outputs, response.binaryOutputs);
    return this.#encode({ kind: 'encode-infer', response }, jsonBytes);
  }

  decodePredict(body: Buffer, model: ModelSignature) {
    return this.#run({ kind: 'decode-predict', body, model }, body.length);
  }

  encodePredict(response: PredictResponse) {
    return this.#encode({ kind: 'encode-predict', response }, estimateJsonBytes(response.outputs, noBinary));
  }

  async prewarm(): Promise<void> {
    await Promise.all(this.#threads.map((thread) => thread.prewarm()));
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all(this.#threads.map((thread) => thread.close()));
  }

  #encode(task: Extract<CodecTask, { kind: `encode-${string}` }>, jsonBytes: number) {
    const encoded = this.#run(task, jsonBytes);
    return encoded instanceof Promise
      ? encoded.then((crossed) => ({ ...crossed, body: asBuffer(crossed.body) }))
      : encoded;
  }

  #run<T extends CodecTask>(task: T, jsonBytes: number): CodecResults[T['kind']] | Promise<CodecResults[T['kind']]> {
    const thread = jsonBytes < this.#inlineLimitBytes ? undefined : this.#idlest();
    if (thread === undefined) return performTask(task);
    // The thread answers a task with the result of its kind.
    return thread.run(task) as Promise<CodecResults[T['kind']]>;
  }

  #idlest(): CodecThread | undefined {
    if (this.#isClosed)
      throw new AppError('SHUTTING_DOWN', 'The server is shutting down; send the request to another one.');
    return this.#threads.reduce<CodecThread | undefined>(
      (best, thread) => (best === undefined || thread.load < best.load ? thread : best),
      undefined,
    );
  }
}
