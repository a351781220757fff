/** Bytes that are no HTTP/1.1 request this server takes: it answers `status` and closes. */
export class BadRequest extends Error {
  readonly status: number;

  constructor(message: string, status = 400) {
    super(message);
    this.name = 'BadRequest';
    this.status = status;
  }
}
