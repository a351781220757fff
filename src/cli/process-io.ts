import { writeSync } from 'node:fs';
import { isatty } from 'node:tty';
import type { CliInput, CliIo, CliOutput } from './io.ts';

/** The real process: its descriptors 0, 1 and 2, its environment and its signals. */
export function processIo(): CliIo {
  return {
    env: process.env,
    stdin: new ProcessInput(),
    stdout: new ProcessOutput(1),
    stderr: new ProcessOutput(2),
    self: Bun.main.startsWith('/$bunfs/') ? [process.execPath] : [process.execPath, Bun.main],
    onSignal(name, listener) {
      process.on(name, listener);
      return () => void process.off(name, listener);
    },
  };
}

class ProcessOutput implements CliOutput {
  readonly #fd: 1 | 2;

  constructor(fd: 1 | 2) {
    this.#fd = fd;
  }

  get isTerminal(): boolean {
    return isatty(this.#fd);
  }

  size(): { columns: number; rows: number } | undefined {
    if (!this.isTerminal) return undefined;
    const [columns, rows] = (this.#fd === 1 ? process.stdout : process.stderr).getWindowSize();
    return { columns, rows };
  }

  async write(text: string | Uint8Array): Promise<void> {
    let rest = typeof text === 'string' ? Buffer.from(text) : text;
    while (rest.length > 0) {
      try {
        rest = rest.subarray(writeSync(this.#fd, rest));
      } catch (error) {
        // Somebody else made the shared description non-blocking: wait for the reader.
        if (!(error instanceof Error && 'code' in error && error.code === 'EAGAIN')) throw error;
        await Bun.sleep(2);
      }
    }
  }
}

class ProcessInput implements CliInput {
  get isTerminal(): boolean {
    return isatty(0);
  }

  stream(): AsyncIterable<Uint8Array> {
    return Bun.stdin.stream() as ReadableStream<Uint8Array> & AsyncIterable<Uint8Array>;
  }

  setRaw(on: boolean): void {
    process.stdin.setRawMode(on);
  }
}
