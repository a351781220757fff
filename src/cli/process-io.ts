import type { CliInput, CliIo, CliOutput } from './io.ts';
import { openTerminal, type Terminal } from './terminal.ts';

/** The real process: its descriptors 0, 1 and 2, its environment and its signals. */
export function processIo(): CliIo {
  let opened: Terminal | undefined;
  const terminal = () => (opened ??= openTerminal());
  return {
    env: process.env,
    stdin: new ProcessInput(terminal),
    stdout: new ProcessOutput(1, terminal),
    stderr: new ProcessOutput(2, terminal),
    self: Bun.main.startsWith('/$bunfs/') ? [process.execPath] : [process.execPath, Bun.main],
    onSignal(name, listener) {
      process.on(name, listener);
      return () => void process.off(name, listener);
    },
  };
}

class ProcessOutput implements CliOutput {
  readonly #fd: 1 | 2;
  readonly #terminal: () => Terminal;
  #sink: Bun.FileSink | undefined;

  constructor(fd: 1 | 2, terminal: () => Terminal) {
    this.#fd = fd;
    this.#terminal = terminal;
  }

  get isTerminal(): boolean {
    return isTerminal(this.#fd);
  }

  size(): { columns: number; rows: number } | undefined {
    return this.isTerminal ? this.#terminal().size(this.#fd) : undefined;
  }

  async write(text: string | Uint8Array): Promise<void> {
    if (text.length === 0) return;
    this.#sink ??= Bun.file(this.#fd).writer();
    await this.#sink.write(text);
    await this.#sink.flush();
  }
}

class ProcessInput implements CliInput {
  readonly #terminal: () => Terminal;
  #restore: (() => void) | undefined;

  constructor(terminal: () => Terminal) {
    this.#terminal = terminal;
  }

  get isTerminal(): boolean {
    return isTerminal(0);
  }

  stream(): AsyncIterable<Uint8Array> {
    return Bun.stdin.stream() as ReadableStream<Uint8Array> & AsyncIterable<Uint8Array>;
  }

  setRaw(on: boolean): void {
    if (on) this.#restore ??= this.#terminal().makeRaw(0);
    else {
      this.#restore?.();
      this.#restore = undefined;
    }
  }
}

// The name of the open file tells: a terminal is a pty's other end, a virtual console or a serial line. isatty(3) would cost 10 ms for the
// bindings to the C library.
function isTerminal(fd: number): boolean {
  try {
    const name = process.getBuiltinModule('node:fs').readlinkSync(`/proc/self/fd/${fd}`);
    return /^\/dev\/(pts\/\d+|tty[A-Za-z]*\d*|console|hvc\d+)$/.test(name);
  } catch {
    // No /proc.
    return process.getBuiltinModule('node:tty').isatty(fd);
  }
}
