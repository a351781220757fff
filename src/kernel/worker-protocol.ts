/** A failure on its way between threads. `code` is an EngineError's, or empty for anything else. */
export interface WireError {
  readonly code: string;
  readonly message: string;
  readonly detail: Readonly<Record<string, unknown>>;
}

export type ToWorker =
  | { readonly kind: 'start'; readonly job: string; readonly root: string | null; readonly argument: unknown }
  | { readonly kind: 'input'; readonly buffer: ArrayBuffer; readonly length: number }
  | { readonly kind: 'inputEnd' }
  | { readonly kind: 'more' }
  | { readonly kind: 'abort' }
  | { readonly kind: 'exit' };

export type FromWorker =
  | { readonly kind: 'credit'; readonly buffer: ArrayBuffer }
  | { readonly kind: 'output'; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly kind: 'done'; readonly result: unknown }
  | { readonly kind: 'failed'; readonly error: WireError };

/** Size and number of the buffers that go round between the two threads of a job that reads a stream. */
export const inputBufferBytes = 1024 * 1024;
export const inputBuffers = 4;
