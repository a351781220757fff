import { ClientError, ConnectError } from '../client/index.ts';

/** One line for a person about anything that was thrown. */
export function describe(error: unknown): string {
  if (error instanceof ClientError) return `Error response from daemon: ${error.message}`;
  if (error instanceof ConnectError)
    return `Cannot connect to the berth engine at ${error.host}. Is it running? Start it with: berth system start`;
  return error instanceof Error ? error.message : String(error);
}
