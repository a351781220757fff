import { cleanEnvironment } from './command.ts';

/** A command on a pseudo-terminal, as a person would use it. */
export class TerminalSession implements AsyncDisposable {
  #shown = '';
  readonly #waiting = new Set<() => void>();
  readonly #child: Bun.Subprocess;

  constructor(
    command: readonly string[],
    environment: Readonly<Record<string, string>>,
    size: { readonly rows: number; readonly columns: number },
  ) {
    const decoder = new TextDecoder();
    this.#child = Bun.spawn({
      cmd: [...command],
      env: { ...cleanEnvironment(), TERM: 'xterm', ...environment },
      terminal: {
        cols: size.columns,
        rows: size.rows,
        data: (_terminal, bytes) => {
          this.#shown += decoder.decode(bytes, { stream: true });
          for (const wake of this.#waiting) wake();
        },
      },
    });
  }

  /** Everything on the screen so far. */
  get shown(): string {
    return this.#shown;
  }

  /** Waits until the screen shows `text` after position `from`. @throws after 60 s, with what it shows. */
  async shows(text: string | RegExp, from = 0): Promise<void> {
    const there = () => (typeof text === 'string' ? this.#shown.indexOf(text, from) >= 0 : text.test(this.#shown.slice(from)));
    const deadline = Date.now() + 60_000;
    while (!there()) {
      const left = deadline - Date.now();
      if (left <= 0) throw new Error(`The terminal never showed ${String(text)}; it shows:\n${this.#shown}`);
      const change = Promise.withResolvers<void>();
      this.#waiting.add(change.resolve);
      const timer = setTimeout(change.resolve, left);
      await change.promise;
      clearTimeout(timer);
      this.#waiting.delete(change.resolve);
    }
  }

  type(text: string): void {
    this.#child.terminal?.write(text);
  }

  resize(size: { readonly rows: number; readonly columns: number }): void {
    this.#child.terminal?.resize(size.columns, size.rows);
    this.#child.kill('SIGWINCH');
  }

  get exited(): Promise<number> {
    return this.#child.exited;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#child.exited;
    this.#child.terminal?.close();
  }
}
