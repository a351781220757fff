/** Where a command writes. */
export interface CliOutput {
  readonly isTerminal: boolean;
  /** Columns and rows of the terminal, undefined when it is none. */
  size(): { readonly columns: number; readonly rows: number } | undefined;
  /** Writes all of it, in order. */
  write(text: string | Uint8Array): Promise<void>;
}

/** Where a command reads. */
export interface CliInput {
  readonly isTerminal: boolean;
  /** Bytes as they come, until end of file. */
  stream(): AsyncIterable<Uint8Array>;
  /** Raw mode of the terminal: no echo, no line editing, no signals from keys. */
  setRaw(on: boolean): void;
}

/** The world of a command, so that tests can give another. */
export interface CliIo {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdin: CliInput;
  readonly stdout: CliOutput;
  readonly stderr: CliOutput;
  /** How to start this program again: the words before its arguments. */
  readonly self: readonly string[];
  /** Calls `listener` for each signal of that name until the returned function is called. */
  onSignal(name: NodeJS.Signals, listener: () => void): () => void;
}
