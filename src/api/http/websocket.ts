import { createHash } from 'node:crypto';
import { EngineError } from '../../base/index.ts';
import { ByteQueue } from './byte-queue.ts';
import { limits } from './limits.ts';
import type { Duplex, HttpAnswer, HttpHeaders, HttpRequest } from './contract.ts';

const magic = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const opcodes = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;
const maximumControlBytes = 125;

/**
 * Answers a WebSocket handshake; `run` gets the messages' bytes as a plain duplex, and what it writes goes out in binary messages, one each.
 * RFC 6455; no extensions. @throws {EngineError} InvalidArgument, when the request is no handshake.
 */
export function acceptWebSocket(request: HttpRequest, headers: HttpHeaders, run: (duplex: Duplex) => Promise<void>): HttpAnswer {
  const key = request.head.headers.get('sec-websocket-key') ?? '';
  if (request.head.upgrade !== 'websocket' || key === '' || request.head.headers.get('sec-websocket-version') !== '13') {
    throw new EngineError('InvalidArgument', 'not a WebSocket handshake (version 13)');
  }
  // A web page may open a WebSocket to any address: only one that came from this very server is let in.
  const origin = request.head.headers.get('origin');
  if (origin !== undefined && hostOf(origin) !== request.head.headers.get('host')) {
    throw new EngineError('Forbidden', `WebSocket from another origin: ${origin}`);
  }
  const accept = createHash('sha1')
    .update(key + magic)
    .digest('base64');
  return {
    kind: 'takeover',
    status: 101,
    headers: { ...headers, Upgrade: 'websocket', 'Sec-WebSocket-Accept': accept },
    run: (raw) => talk(raw, run),
  };
}

function hostOf(origin: string): string | undefined {
  return /^\w+:\/\/([^/]+)$/.exec(origin)?.[1];
}

async function talk(raw: Duplex, run: (duplex: Duplex) => Promise<void>): Promise<void> {
  let wake = () => {};
  const input = new ByteQueue(() => wake());
  const room = async () => {
    while (input.bufferedBytes > limits.bufferedBytes) await new Promise<void>((resolve) => (wake = resolve));
  };
  const reading = readMessages(raw, input, room);
  reading.catch(() => {}); // It ends the input itself.
  await run({ input, signal: raw.signal, write: (bytes) => raw.write(encodeFrame(opcodes.binary, bytes)) });
  input.cut();
  await raw.write(encodeFrame(opcodes.close, new Uint8Array([3, 232]))); // 1000: normal closure.
}

// The socket is read only as fast as messages are taken.
async function readMessages(raw: Duplex, input: ByteQueue, room: () => Promise<void>): Promise<void> {
  const decoder = new FrameDecoder();
  try {
    for await (const bytes of raw.input) {
      for (const { opcode, payload } of decoder.feed(bytes)) {
        if (opcode === opcodes.close) return;
        if (opcode === opcodes.ping) await raw.write(encodeFrame(opcodes.pong, payload));
        else if (opcode !== opcodes.pong) input.push(payload);
      }
      await room();
    }
  } finally {
    input.end();
  }
}

export interface Frame {
  readonly opcode: number;
  /** Unmasked. Of a data frame perhaps only the part that has come; the next part is a frame of its own. */
  readonly payload: Uint8Array;
}

/** Takes a client's frames out of a byte stream. Data frames are passed on in parts, so their size does not matter. */
export class FrameDecoder {
  #buffer = new Uint8Array(0);
  #open: { readonly opcode: number; readonly mask: Uint8Array; left: number; at: number } | undefined;

  /** @throws {EngineError} InvalidArgument, for frames that a client must not send. */
  feed(bytes: Uint8Array): readonly Frame[] {
    this.#buffer = this.#buffer.length === 0 ? new Uint8Array(bytes) : Buffer.concat([this.#buffer, bytes]);
    const frames: Frame[] = [];
    for (;;) {
      this.#open ??= this.#head();
      const open = this.#open;
      if (open === undefined) return frames;
      const control = open.opcode >= opcodes.close;
      if (this.#buffer.length < (control ? open.left : Math.min(1, open.left))) return frames;
      const payload = this.#take(Math.min(open.left, this.#buffer.length));
      for (let index = 0; index < payload.length; index++) payload[index]! ^= open.mask[(open.at + index) % 4]!;
      open.at += payload.length;
      open.left -= payload.length;
      frames.push({ opcode: open.opcode, payload });
      if (open.left === 0) this.#open = undefined;
    }
  }

  #head(): { readonly opcode: number; readonly mask: Uint8Array; left: number; at: number } | undefined {
    const buffer = this.#buffer;
    if (buffer.length < 2) return undefined;
    const opcode = buffer[0]! & 15;
    const short = buffer[1]! & 127;
    if ((buffer[0]! & 0x70) !== 0 || (buffer[1]! & 0x80) === 0) throw new EngineError('InvalidArgument', 'bad WebSocket frame');
    if (opcode >= opcodes.close && (short > maximumControlBytes || (buffer[0]! & 0x80) === 0)) {
      throw new EngineError('InvalidArgument', 'bad WebSocket control frame');
    }
    const lengthBytes = short === 126 ? 2 : short === 127 ? 8 : 0;
    if (buffer.length < 6 + lengthBytes) return undefined;
    const view = new DataView(buffer.buffer, buffer.byteOffset);
    const left = lengthBytes === 0 ? short : lengthBytes === 2 ? view.getUint16(2) : Number(view.getBigUint64(2));
    if (!Number.isSafeInteger(left)) throw new EngineError('InvalidArgument', 'bad WebSocket frame length');
    const mask = buffer.slice(2 + lengthBytes, 6 + lengthBytes);
    this.#take(6 + lengthBytes);
    return { opcode, mask, left, at: 0 };
  }

  #take(count: number): Uint8Array {
    const taken = this.#buffer.slice(0, count);
    this.#buffer = this.#buffer.subarray(count);
    return taken;
  }
}

/** A server's frame: whole, not masked. */
export function encodeFrame(opcode: number, payload: Uint8Array): Uint8Array {
  const { length } = payload;
  const headBytes = length < 126 ? 2 : length < 65536 ? 4 : 10;
  const frame = Buffer.allocUnsafe(headBytes + length);
  frame[0] = 0x80 | opcode;
  if (headBytes === 2) {
    frame[1] = length;
  } else if (headBytes === 4) {
    frame[1] = 126;
    frame.writeUInt16BE(length, 2);
  } else {
    frame[1] = 127;
    frame.writeBigUInt64BE(BigInt(length), 2);
  }
  frame.set(payload, headBytes);
  return frame;
}
