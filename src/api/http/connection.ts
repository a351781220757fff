import type { Socket } from 'bun';
import { answer101, sendAnswer } from './send-answer.ts';
import { BadRequest } from './bad-request.ts';
import { headText } from './answer-bytes.ts';
import { ByteQueue } from './byte-queue.ts';
import type { HttpAnswer, HttpHandler } from './contract.ts';
import { Exchange } from './exchange.ts';
import { limits } from './limits.ts';
import { parseHead } from './request-head.ts';
import { SocketWriter } from './socket-writer.ts';

export interface ConnectionParts {
  readonly handler: HttpHandler;
  /** A handler threw, which it must not. */
  readonly onFault: (error: unknown) => void;
  /** Whether a client's half-close means that it is gone: so on TCP, where nothing else tells; unix sockets tell of a full close. */
  readonly halfCloseIsGone: boolean;
}

/** One client's connection: requests one after another, pipelined ones wait; until it ends or is taken over. */
export class Connection {
  readonly #socket: Socket<unknown>;
  readonly #parts: ConnectionParts;
  readonly #out: SocketWriter;
  #input: Uint8Array | undefined;
  #exchange: Exchange | undefined;
  /** Set once the connection was taken over. */
  #duplexInput: ByteQueue | undefined;
  #paused = false;
  #peerEnded = false;
  /** Our half is closed or about to be: what comes in is dropped. */
  #leaving = false;

  constructor(socket: Socket<unknown>, parts: ConnectionParts) {
    this.#socket = socket;
    this.#parts = parts;
    this.#out = new SocketWriter(socket);
  }

  /** Whether no request is being answered. */
  get idle(): boolean {
    return this.#exchange === undefined && this.#duplexInput === undefined;
  }

  onData(bytes: Uint8Array): void {
    if (this.#leaving) return;
    if (this.#duplexInput !== undefined) {
      this.#duplexInput.push(new Uint8Array(bytes));
      this.#updatePause();
      return;
    }
    const before = this.#input;
    this.#input = before === undefined ? bytes : Buffer.concat([before, bytes]);
    this.#advance();
    // What is left over must not live in the socket's buffer.
    if (this.#input === bytes || this.#input?.buffer === bytes.buffer) this.#input = new Uint8Array(this.#input);
    this.#updatePause();
  }

  onDrain(): void {
    this.#out.flush();
  }

  /** The client has closed its half. */
  onEnd(): void {
    this.#peerEnded = true;
    this.#duplexInput?.end();
    if (this.#leaving) return void this.#socket.end();
    const exchange = this.#exchange;
    if (this.#duplexInput !== undefined) return;
    if (exchange === undefined) return this.#leave();
    if (!exchange.decoder.done || this.#parts.halfCloseIsGone) exchange.abort();
  }

  onClose(): void {
    this.#leaving = true;
    this.#out.close();
    this.#exchange?.abort();
    this.#duplexInput?.end();
  }

  onTimeout(): void {
    this.#socket.terminate();
  }

  /** The server closes: idle connections end now, others after their answer. */
  close(): void {
    if (this.idle) this.#leave();
    else this.#exchange?.abort();
  }

  #advance(): void {
    try {
      while (this.#input !== undefined && !this.#leaving && this.#duplexInput === undefined) {
        const exchange = this.#exchange ?? this.#begin();
        if (exchange === undefined) return;
        if (!exchange.decoder.done && this.#input !== undefined) this.#consume(exchange.feed(this.#input));
        if (exchange !== this.#exchange) {
          this.#exchange = exchange;
          void this.#serve(exchange);
        }
        if (exchange.answered && exchange === this.#exchange && !this.#endDiscarding(exchange)) return;
        if (exchange === this.#exchange) return; // It is being answered; what follows waits.
      }
    } catch (error) {
      if (!(error instanceof BadRequest)) throw error;
      this.#refuse(error);
    }
  }

  /** The next request's head, if it is whole. */
  #begin(): Exchange | undefined {
    let input = this.#input!;
    // RFC 9112, 2.2: an empty line before a request is skipped.
    while (input.length >= 2 && input[0] === 13 && input[1] === 10) input = input.subarray(2);
    this.#input = input.length === 0 ? undefined : input;
    if (this.#input === undefined) return undefined;
    const buffer = Buffer.from(input.buffer, input.byteOffset, input.length);
    const end = buffer.indexOf('\r\n\r\n');
    if (end > limits.headBytes || (end === -1 && input.length > limits.headBytes)) throw new BadRequest('headers too long', 431);
    if (end === -1) {
      this.#socket.timeout(limits.headSeconds);
      return undefined;
    }
    this.#socket.timeout(0);
    const head = parseHead(buffer.toString('latin1', 0, end));
    this.#consume(end + 4);
    return new Exchange(head, {
      onTaken: () => this.#updatePause(),
      sendContinue: () => void this.#out.write(Buffer.from('HTTP/1.1 100 Continue\r\n\r\n')),
    });
  }

  #consume(count: number): void {
    const input = this.#input;
    if (input === undefined) return;
    this.#input = count === input.length ? undefined : input.subarray(count);
  }

  async #serve(exchange: Exchange): Promise<void> {
    let answer: HttpAnswer;
    try {
      answer = await this.#parts.handler(exchange);
    } catch (error) {
      if (!exchange.signal.aborted) this.#parts.onFault(error);
      answer = { kind: 'whole', status: 500, body: '' };
    }
    try {
      if (this.#out.closed) return await drop(exchange, answer);
      if (answer.kind === 'takeover') return await this.#takeOver(exchange, answer);
      const keepAlive = exchange.head.keepAlive && !(exchange.awaitsContinue && !exchange.decoder.done);
      const complete = await sendAnswer(this.#out, exchange.head, answer, keepAlive);
      if (complete && keepAlive) this.#next(exchange);
      else if (complete) this.#leave();
      else this.#socket.terminate();
    } catch (error) {
      // An answer that broke off in the middle can only be shown by cutting the connection.
      this.#parts.onFault(error);
      this.#socket.terminate();
    }
  }

  #next(exchange: Exchange): void {
    exchange.answered = true;
    exchange.discarding = true;
    exchange.body.cut();
    if (!this.#endDiscarding(exchange)) return;
    this.#advance();
    this.#updatePause();
    if (this.#peerEnded && this.#exchange === undefined) this.#leave();
  }

  /** Whether the exchange is over: its body has gone by. */
  #endDiscarding(exchange: Exchange): boolean {
    if (exchange.decoder.done) {
      this.#exchange = undefined;
      return true;
    }
    if (exchange.discardedBytes > limits.discardedBytes) this.#leave();
    return false;
  }

  async #takeOver(exchange: Exchange, answer: HttpAnswer & { readonly kind: 'takeover' }): Promise<void> {
    const input = new ByteQueue(() => this.#updatePause());
    const early = this.#input;
    this.#input = undefined;
    this.#duplexInput = input;
    if (early !== undefined) input.push(new Uint8Array(early));
    if (this.#peerEnded) input.end();
    void this.#out.write(answer101(answer));
    await answer.run({ input, signal: exchange.signal, write: (bytes) => this.#out.write(bytes) });
    await this.#out.drained();
    this.#leave();
  }

  #refuse(error: BadRequest): void {
    this.#exchange?.abort();
    const body = `${JSON.stringify({ message: error.message })}\n`;
    const more = `Connection: close\r\nContent-Length: ${Buffer.byteLength(body)}\r\n`;
    void this.#out.write(Buffer.from(headText(error.status, { 'Content-Type': 'application/json' }, more) + body));
    this.#leave();
  }

  /**
   * Ends the connection: our half now, the rest when the client has ended or lingered too long. Closing at once with unread bytes would
   * reset the connection and could take the answer away from a client that is still sending.
   */
  #leave(): void {
    if (this.#leaving) return;
    this.#leaving = true;
    this.#input = undefined;
    this.#duplexInput?.cut();
    this.#exchange?.body.cut();
    if (this.#paused) this.#socket.resume();
    const end = () => {
      if (this.#out.closed) return;
      if (this.#peerEnded) return void this.#socket.end();
      this.#socket.shutdown();
      this.#socket.timeout(limits.lingerSeconds);
    };
    const drained = this.#out.drained();
    if (drained === undefined) end();
    else void drained.then(end);
  }

  #updatePause(): void {
    if (this.#leaving) return;
    const buffered = (this.#duplexInput ?? this.#exchange?.body)?.bufferedBytes ?? 0;
    const waiting = this.#exchange === undefined ? 0 : (this.#input?.length ?? 0);
    const pause = buffered > (this.#paused ? limits.bufferedBytes / 2 : limits.bufferedBytes) || waiting > limits.headBytes;
    if (pause === this.#paused) return;
    this.#paused = pause;
    if (pause) this.#socket.pause();
    else this.#socket.resume();
  }
}

// The client went before its answer came: whatever the answer holds must be let go of.
async function drop(exchange: Exchange, answer: HttpAnswer): Promise<void> {
  if (answer.kind === 'stream') await answer.body[Symbol.asyncIterator]().return?.();
  if (answer.kind !== 'takeover') return;
  const input = new ByteQueue(() => {});
  input.end();
  await answer.run({ input, signal: exchange.signal, write: () => undefined });
}
