import type { EngineClient, EngineResponse } from '../client/index.ts';

/** A wait under way: its headers are here, so no exit can be missed from now on. */
export interface Exit {
  readonly code: Promise<number>;
}

/** Starts to wait for a container's end. `removed` waits until the container has gone too. */
export async function awaitExit(client: EngineClient, id: string, condition: 'next-exit' | 'removed' | 'not-running'): Promise<Exit> {
  const response = await client.request('POST', `/containers/${id}/wait`, { query: { condition } });
  const code = readExit(response);
  // Whoever awaits it sees the failure; nobody may, when the start fails.
  code.catch(() => undefined);
  return { code };
}

async function readExit(response: EngineResponse): Promise<number> {
  const answer = await response.json<{ readonly StatusCode: number; readonly Error?: { readonly Message?: string } | null }>();
  if (answer.Error?.Message !== undefined && answer.Error.Message !== '')
    throw new Error(`error waiting for container: ${answer.Error.Message}`);
  return answer.StatusCode;
}

/** Whether the container still runs; one that is gone does not. */
export async function isRunning(client: EngineClient, id: string): Promise<boolean> {
  type Inspected = { readonly State: { readonly Running: boolean } };
  return (await client.json<Inspected>('GET', `/containers/${id}/json`).catch(() => undefined))?.State.Running === true;
}
