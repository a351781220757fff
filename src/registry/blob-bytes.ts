import { EngineError, streamFrom } from '../base/index.ts';
import type { Descriptor } from '../spec/index.ts';
import type { RegistryTiming } from './contract.ts';
import { pause } from './pause.ts';
import { drop } from './read-capped.ts';
import { ConnectionError, RegistryError } from './registry-error.ts';
import type { Session } from './session.ts';

export interface BlobRequest {
  readonly session: Session;
  readonly timing: RegistryTiming;
  /** On the registry. */
  readonly path: string;
  readonly descriptor: Descriptor;
  readonly offset: number;
  readonly signal: AbortSignal;
}

/** A blob's bytes from an offset on, taken up again where they break off or stall. The first answer is here when this resolves. */
export async function openBlob(request: BlobRequest): Promise<ReadableStream<Uint8Array>> {
  const stop = new AbortController();
  const signal = AbortSignal.any([request.signal, stop.signal]);
  const first = await askFrom({ ...request, signal }, request.offset);
  return streamFrom(bytesOf({ ...request, signal }, first), () => stop.abort(new Error('nobody reads on')));
}

async function* bytesOf(request: BlobRequest, first: Answer): AsyncGenerator<Uint8Array, void, void> {
  const { timing, descriptor, signal } = request;
  let at = request.offset;
  let answer: Answer | null = first;
  // Attempts that brought nothing, one after the other.
  let failures = 0;
  while (at < descriptor.size) {
    try {
      answer ??= await askFrom(request, at);
      for await (const chunk of answer.chunks(at)) {
        at += chunk.length;
        failures = 0;
        yield chunk;
        if (at > descriptor.size) return;
      }
      if (at >= descriptor.size) return;
      throw new ConnectionError('GET', request.path, new Error('unexpected EOF'));
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof ConnectionError)) throw error;
      const wait = timing.pausesMs[failures++];
      if (wait === undefined) throw new EngineError('Unavailable', error.message, { cause: error });
      await pause(wait, signal);
    } finally {
      answer?.drop();
      answer = null;
    }
  }
}

interface Answer {
  /** The bytes from `at` on. */
  chunks(at: number): AsyncGenerator<Uint8Array, void, void>;
  drop(): void;
}

async function askFrom({ session, timing, path, descriptor, signal }: BlobRequest, at: number): Promise<Answer> {
  const headers: Record<string, string> = at > 0 ? { Range: `bytes=${at}-${descriptor.size - 1}` } : {};
  const response = await session.request('GET', path, { headers, signal, accept: [200, 206, 416] });
  if (response.status === 416) {
    drop(response);
    throw new EngineError('InvalidArgument', `blob ${descriptor.digest} has less than ${descriptor.size} bytes`);
  }
  let start = 0;
  if (response.status === 206) {
    const range = /^bytes (\d+)-/.exec(response.headers.get('content-range') ?? '');
    start = range === null ? -1 : Number(range[1]);
    if (start < 0 || start > at) {
      drop(response);
      throw new RegistryError(502, '', `${path}: the registry sent another range of blob ${descriptor.digest} than was asked for`);
    }
  }
  const reader = response.body?.getReader();
  return {
    async *chunks(from) {
      // Registries without ranges send everything again.
      let skip = from - start;
      for (;;) {
        const chunk = reader === undefined ? undefined : await readInTime(() => reader.read(), timing.stallMs, path, signal);
        if (chunk === undefined || chunk.done) return;
        const rest = skip > 0 ? chunk.value.subarray(Math.min(skip, chunk.value.length)) : chunk.value;
        skip -= chunk.value.length - rest.length;
        if (rest.length > 0) yield rest;
      }
    },
    drop: () => void reader?.cancel().catch(() => undefined),
  };
}

async function readInTime<T>(read: () => Promise<T>, stallMs: number, path: string, signal: AbortSignal): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new ConnectionError('GET', path, new Error(`no data for ${stallMs / 1000} s`))), stallMs);
  const onAbort = (): void => late.reject(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    signal.throwIfAborted();
    return await Promise.race([read(), late.promise]);
  } catch (error) {
    signal.throwIfAborted();
    throw error instanceof ConnectionError ? error : new ConnectionError('GET', path, error);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', onAbort);
  }
}
