import { EngineError } from '../../base/index.ts';
import { BodyDecoder } from './body-decoder.ts';
import { ByteQueue } from './byte-queue.ts';
import type { HttpRequest } from './contract.ts';
import type { RequestHead } from './request-head.ts';

/** One request on its way through a connection: its head, and its body as it arrives. */
export class Exchange implements HttpRequest {
  readonly head: RequestHead;
  readonly decoder: BodyDecoder;
  readonly body: ByteQueue;
  readonly hasBody: boolean;
  /** The answer has been sent. */
  answered = false;
  /** Nobody wants the rest of the body. */
  discarding = false;
  discardedBytes = 0;
  readonly #sendContinue: () => void;
  #awaitsContinue: boolean;
  #abort: AbortController | undefined;
  #gone = false;

  constructor(head: RequestHead, hooks: { readonly onTaken: () => void; readonly sendContinue: () => void }) {
    this.head = head;
    this.decoder = new BodyDecoder(head.framing);
    this.body = new ByteQueue(hooks.onTaken);
    this.hasBody = !this.decoder.done;
    if (!this.hasBody) this.body.end();
    this.#sendContinue = hooks.sendContinue;
    this.#awaitsContinue = head.expectsContinue && this.hasBody;
  }

  get signal(): AbortSignal {
    if (this.#abort === undefined) {
      this.#abort = new AbortController();
      if (this.#gone) this.#abort.abort();
    }
    return this.#abort.signal;
  }

  /** The client would not send its body without our word. */
  get awaitsContinue(): boolean {
    return this.#awaitsContinue;
  }

  /** Feeds bytes of the connection; returns how many were the body's. @throws {BadRequest} */
  feed(bytes: Uint8Array): number {
    const taken = this.decoder.feed(bytes, (part) => {
      // The socket's buffer is used again for its next bytes.
      if (this.discarding) this.discardedBytes += part.length;
      else this.body.push(new Uint8Array(part));
    });
    if (this.decoder.done) this.body.end();
    return taken;
  }

  /** The client has gone. */
  abort(): void {
    this.#gone = true;
    this.body.end(new EngineError('InvalidArgument', 'unexpected EOF'));
    this.#abort?.abort();
  }

  async text(limitBytes: number): Promise<string> {
    this.#continue();
    const parts: Uint8Array[] = [];
    let size = 0;
    for (let part = await this.body.read(); part !== undefined; part = await this.body.read()) {
      size += part.length;
      if (size > limitBytes) throw new EngineError('InvalidArgument', `request body is larger than ${limitBytes} bytes`);
      parts.push(part);
    }
    const whole = parts.length === 1 ? parts[0]! : Buffer.concat(parts);
    return Buffer.from(whole.buffer, whole.byteOffset, whole.length).toString('utf8');
  }

  stream(): ReadableStream<Uint8Array> {
    this.#continue();
    const { body } = this;
    return new ReadableStream<Uint8Array>(
      {
        async pull(controller) {
          const part = await body.read();
          if (part === undefined) controller.close();
          else controller.enqueue(part);
        },
        cancel: () => {
          this.discarding = true;
          body.cut();
        },
      },
      { highWaterMark: 0 },
    );
  }

  #continue(): void {
    if (!this.#awaitsContinue || this.decoder.done) return;
    this.#awaitsContinue = false;
    this.#sendContinue();
  }
}
