import { EngineError } from '../base/index.ts';

/** A whole body. @throws {EngineError} InvalidArgument, as soon as it is over `limit` bytes; the rest is not read. */
export async function readCapped(response: Response, limit: number, signal: AbortSignal): Promise<Uint8Array<ArrayBuffer>> {
  const announced = Number(response.headers.get('content-length') ?? 0);
  if (announced > limit) {
    drop(response);
    throw tooLarge(limit);
  }
  const chunks: Uint8Array[] = [];
  let total = 0;
  if (response.body !== null) {
    for await (const chunk of response.body as ReadableStream<Uint8Array>) {
      signal.throwIfAborted();
      total += chunk.length;
      if (total > limit) throw tooLarge(limit);
      chunks.push(chunk);
    }
  }
  const whole = new Uint8Array(total);
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return whole;
}

/** Lets go of a body nobody wants. */
export function drop(response: Response): void {
  response.body?.cancel().catch(() => undefined);
}

function tooLarge(limit: number): EngineError {
  return new EngineError('InvalidArgument', `the registry's answer is larger than ${limit} bytes`);
}
