import type { ReadableStreamDefaultReader } from 'node:stream/web';
import { EngineError } from '../base/index.ts';
import type { TarHeader } from './tar-header.ts';
import { TarParser, type TarLimits } from './tar-parser.ts';

/** One entry while the archive passes. */
export interface TarEntry {
  readonly header: TarHeader;
  /** The file's bytes (holes filled with zeros). Can be read until the next entry is asked for; what is not read is skipped. */
  readonly body: ReadableStream<Uint8Array>;
  /** The whole body. @throws {EngineError} InvalidArgument, when it is over `limitBytes`. */
  bytes(limitBytes: number): Promise<Uint8Array>;
}

type Event =
  | { readonly kind: 'entry'; readonly header: TarHeader }
  | { readonly kind: 'body'; readonly bytes: Uint8Array; readonly offset: number }
  | { readonly kind: 'entryEnd' };

const zeros = new Uint8Array(64 * 1024);

/**
 * The entries of an unpacked tar in order. Takes the stream over: leaving the loop cancels it.
 * @throws {EngineError} InvalidArgument, when the tar is broken or over a limit.
 */
export async function* readTar(
  source: ReadableStream<Uint8Array>,
  options: { readonly signal: AbortSignal; readonly limits?: TarLimits },
): AsyncGenerator<TarEntry, void, void> {
  const events = new EventSource(source, options);
  try {
    for (;;) {
      const event = await events.next();
      if (event === null) return;
      if (event.kind !== 'entry') continue;
      const body = new EntryBody(events, event.header);
      yield { header: event.header, body: body.stream(), bytes: (limitBytes) => body.whole(limitBytes) };
      await body.skip();
    }
  } finally {
    await events.cancel();
  }
}

// The parser's events, one chunk of the source at a time. Body events point into that chunk, which nobody else writes to.
class EventSource {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #parser: TarParser;
  readonly #signal: AbortSignal;
  #queue: Event[] = [];
  #at = 0;
  #ended = false;
  // Wakes a read of a source that says nothing.
  readonly #onAbort = (): void => void this.#reader.cancel().catch(() => undefined);

  constructor(source: ReadableStream<Uint8Array>, options: { readonly signal: AbortSignal; readonly limits?: TarLimits }) {
    this.#reader = source.getReader();
    this.#signal = options.signal;
    this.#signal.addEventListener('abort', this.#onAbort, { once: true });
    const sink = {
      entry: (header: TarHeader) => void this.#queue.push({ kind: 'entry', header }),
      body: (bytes: Uint8Array, offset: number) => void this.#queue.push({ kind: 'body', bytes, offset }),
      entryEnd: () => void this.#queue.push({ kind: 'entryEnd' }),
    };
    this.#parser = new TarParser(sink, options.limits);
  }

  async next(): Promise<Event | null> {
    while (this.#at >= this.#queue.length) {
      if (this.#ended) return null;
      this.#signal.throwIfAborted();
      this.#queue = [];
      this.#at = 0;
      const { done, value } = await this.#reader.read();
      this.#signal.throwIfAborted();
      if (done) {
        this.#ended = true;
        this.#parser.end();
      } else this.#parser.push(value);
    }
    return this.#queue[this.#at++] ?? null;
  }

  async cancel(): Promise<void> {
    this.#signal.removeEventListener('abort', this.#onAbort);
    if (!this.#ended) await this.#reader.cancel().catch(() => undefined);
    this.#ended = true;
  }
}

class EntryBody {
  readonly #events: EventSource;
  readonly #header: TarHeader;
  #position = 0;
  #pending: { readonly bytes: Uint8Array; readonly offset: number } | null = null;
  #ended = false;

  constructor(events: EventSource, header: TarHeader) {
    this.#events = events;
    this.#header = header;
  }

  stream(): ReadableStream<Uint8Array> {
    return new ReadableStream<Uint8Array>(
      {
        pull: async (controller) => {
          const chunk = await this.#next();
          if (chunk === null) controller.close();
          else controller.enqueue(chunk);
        },
        cancel: () => this.skip(),
      },
      { highWaterMark: 0 },
    );
  }

  async whole(limitBytes: number): Promise<Uint8Array> {
    if (this.#header.size > limitBytes) throw new EngineError('InvalidArgument', `${this.#header.name} is larger than ${limitBytes} bytes`);
    const bytes = new Uint8Array(this.#header.size);
    let at = 0;
    for (let chunk = await this.#next(); chunk !== null; chunk = await this.#next()) {
      bytes.set(chunk, at);
      at += chunk.length;
    }
    return bytes;
  }

  async skip(): Promise<void> {
    this.#position = this.#header.size;
    this.#pending = null;
    while (!this.#ended) this.#ended = (await this.#events.next())?.kind !== 'body';
  }

  async #next(): Promise<Uint8Array | null> {
    if (this.#pending === null && !this.#ended) {
      const event = await this.#events.next();
      if (event?.kind === 'body') this.#pending = event;
      else this.#ended = true;
    }
    const until = this.#pending?.offset ?? this.#header.size;
    if (this.#position < until) {
      const hole = zeros.slice(0, Math.min(zeros.length, until - this.#position));
      this.#position += hole.length;
      return hole;
    }
    if (this.#pending === null) return null;
    const { bytes } = this.#pending;
    this.#position += bytes.length;
    this.#pending = null;
    return bytes;
  }
}
