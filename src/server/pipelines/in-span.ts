/** A part of a request that has a span of its own. */
export interface InnerBegun {
  readonly name: string;
  /** Whether it is a call to another server. */
  readonly isCall?: boolean;
  readonly attributes: Readonly<Record<string, string | number>>;
}

/** What runs and other parts of a request belong to. */
export interface SpanScope {
  /** Names this span to others; undefined where traces are not sent. */
  readonly traceparent: string | undefined;
  /** Begins a part now; undefined where the request is not sampled. */
  begin(part: InnerBegun): InnerSpan | undefined;
}

/** The span of a part. */
export interface InnerSpan extends SpanScope {
  /** Ends it now. */
  end(hasFailed: boolean): void;
}

/** What of a call belongs to its trace. */
export interface Traced {
  /** Under what runs of this server are traced; undefined where no traces are sent. */
  readonly trace: SpanScope | undefined;
  /** What other servers are told of the request's trace. */
  readonly traceparent: string | undefined;
}

/** Does a part of a call within a span of its own, where the request is sampled. */
export async function inSpan<C extends Traced, T>(call: C, part: InnerBegun, run: (call: C) => Promise<T>): Promise<T> {
  const span = call.trace?.begin(part);
  if (span === undefined) return run(call);
  let hasFailed = true;
  try {
    const result = await run({ ...call, trace: span, traceparent: span.traceparent ?? call.traceparent });
    hasFailed = false;
    return result;
  } finally {
    span.end(hasFailed);
  }
}
