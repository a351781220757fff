/** What went wrong, in the words callers branch on. Each maps to one HTTP status (`api/status.ts`). */
export type ErrorCode =
  | 'InvalidArgument'
  | 'Unauthorized'
  | 'Forbidden'
  | 'NotFound'
  | 'Conflict'
  | 'AlreadyExists'
  | 'NotModified'
  | 'Unavailable'
  | 'NotImplemented'
  | 'Internal';

/**
 * The one error class that crosses doors. Branch on `code`; `message` is for people and never parsed.
 * `detail` is plain data for whoever renders the error (a launcher step, a path, an exit code).
 */
export class EngineError extends Error {
  readonly code: ErrorCode;
  readonly detail: Readonly<Record<string, unknown>>;

  constructor(
    code: ErrorCode,
    message: string,
    options: { readonly cause?: unknown; readonly detail?: Readonly<Record<string, unknown>> } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'EngineError';
    this.code = code;
    this.detail = options.detail ?? {};
  }
}

/** Whether `error` is an EngineError, of `code` where one is given. */
export function isEngineError(error: unknown, code?: ErrorCode): error is EngineError {
  return error instanceof EngineError && (code === undefined || error.code === code);
}

/** The text of any thrown value, for logs and for wrapping. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
