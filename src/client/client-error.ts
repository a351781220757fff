/** The engine answered with an error status. `message` is the engine's own text. */
export class ClientError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.name = 'ClientError';
    this.status = status;
  }
}

/** No engine answered at `host`, or it went away before it had answered. */
export class ConnectError extends Error {
  readonly host: string;

  constructor(host: string, cause: unknown) {
    super(`Cannot connect to the engine at ${host}`, { cause });
    this.name = 'ConnectError';
    this.host = host;
  }
}

/** Whether `error` is an answer of the engine, with `status` where one is given. */
export function isClientError(error: unknown, status?: number): error is ClientError {
  return error instanceof ClientError && (status === undefined || error.status === status);
}
