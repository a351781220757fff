import { readJsonLines, readLines } from './lines.ts';

const maximumTextBytes = 256 << 20;

/** An answer with its body still on the wire. Read the body once, to the end, or `destroy`. */
export class EngineResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** The bytes as they arrive. */
  readonly body: AsyncIterable<Uint8Array>;
  readonly #destroy: () => void;

  constructor(status: number, headers: Readonly<Record<string, string>>, body: AsyncIterable<Uint8Array>, destroy: () => void) {
    this.status = status;
    this.headers = headers;
    this.body = body;
    this.#destroy = destroy;
  }

  /** The whole body. @throws past 256 MiB. */
  async text(): Promise<string> {
    const chunks: Uint8Array[] = [];
    let length = 0;
    for await (const chunk of this.body) {
      length += chunk.length;
      if (length > maximumTextBytes) throw new Error('the answer is too long');
      chunks.push(chunk);
    }
    return Buffer.concat(chunks).toString('utf8');
  }

  /** The whole body as JSON; undefined when there is none. */
  async json<T>(): Promise<T> {
    const text = await this.text();
    return (text.trim() === '' ? undefined : JSON.parse(text)) as T;
  }

  /** The JSON values of the body, as they arrive. */
  lines<T>(): AsyncGenerator<T, void> {
    return readJsonLines<T>(this.body);
  }

  /** The lines of the body as they arrive, for numbers that JavaScript's do not hold. */
  textLines(): AsyncGenerator<string, void> {
    return readLines(this.body);
  }

  /** Gives the rest of the body up. */
  destroy(): void {
    this.#destroy();
  }
}
