import type { ErrorCode } from '../base/index.ts';
import { isEngineError, messageOf } from '../base/index.ts';

/** The one map from what went wrong to HTTP. After moby daemon/server/httpstatus. */
const statuses: Readonly<Record<ErrorCode, number>> = {
  InvalidArgument: 400,
  Unauthorized: 401,
  Forbidden: 403,
  NotFound: 404,
  Conflict: 409,
  AlreadyExists: 409,
  NotModified: 304,
  Unavailable: 503,
  NotImplemented: 501,
  Internal: 500,
};

/** Status and message of any thrown value. */
export function statusOf(error: unknown): { readonly status: number; readonly message: string } {
  return { status: isEngineError(error) ? statuses[error.code] : 500, message: messageOf(error) };
}
