/** Ends a command with `exitCode`; `message` goes to stderr as it is, unless empty. */
export class CliError extends Error {
  readonly exitCode: number;

  constructor(message: string, exitCode = 1) {
    super(message);
    this.name = 'CliError';
    this.exitCode = exitCode;
  }
}

/** A command line that cannot be read: the message, the usage line and where to find help. Exit 125, as Docker. */
export class UsageError extends Error {
  readonly exitCode: number;
  /** The hint's first word: `Run` or `See`. */
  readonly hint: 'Run' | 'See';

  constructor(message: string, options: { readonly exitCode?: number; readonly hint?: 'Run' | 'See' } = {}) {
    super(message);
    this.name = 'UsageError';
    this.exitCode = options.exitCode ?? 125;
    this.hint = options.hint ?? 'Run';
  }
}
