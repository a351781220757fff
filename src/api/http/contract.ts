import type { RequestHead } from './request-head.ts';

/** One request as a handler sees it. The body may be taken once, by `text` or `stream`. */
export interface HttpRequest {
  readonly head: RequestHead;
  /** Fires when the client has gone or the server closes. */
  readonly signal: AbortSignal;
  /** Whether a body was announced. */
  readonly hasBody: boolean;
  /** The whole body as UTF-8. @throws {EngineError} InvalidArgument, when it is over `limitBytes`; the connection's failure, when it breaks off. */
  text(limitBytes: number): Promise<string>;
  /** The body as it comes; back-pressure reaches the client. Fails when the client breaks off. */
  stream(): ReadableStream<Uint8Array>;
}

/** What a handler answers. Bytes given to the server are the server's. */
export type HttpAnswer =
  | { readonly kind: 'whole'; readonly status: number; readonly headers?: HttpHeaders; readonly body: string | Uint8Array }
  /** Headers go out at once; each part is sent when it is yielded, and the next asked for when the client has room. */
  | { readonly kind: 'stream'; readonly status: number; readonly headers?: HttpHeaders; readonly body: AsyncIterable<Uint8Array> }
  /** The connection is handed over: after 101, or after a plain 200 for clients that did not ask for an upgrade. */
  | {
      readonly kind: 'takeover';
      readonly status: 101 | 200;
      readonly headers?: HttpHeaders;
      readonly run: (duplex: Duplex) => Promise<void>;
    };

export type HttpHeaders = Readonly<Record<string, string>>;

/** Must not throw; what it throws nevertheless becomes a bare 500. */
export type HttpHandler = (request: HttpRequest) => Promise<HttpAnswer>;

/** A connection that was taken over. When `run` resolves the server's half is closed, and the client's remaining bytes are dropped. */
export interface Duplex {
  /** What the client sends, until it half-closes or goes. */
  readonly input: AsyncIterable<Uint8Array>;
  /** The client has gone, not just half-closed. */
  readonly signal: AbortSignal;
  /** Sends. @returns undefined, or a promise that resolves when a slow client has room again; after the client has gone it drops. */
  write(bytes: Uint8Array): Promise<void> | undefined;
}
