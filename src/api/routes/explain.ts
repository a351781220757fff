import { explainContainer } from '../../engine/index.ts';
import { json } from '../answers.ts';
import { subject, type Call } from '../call.ts';
import type { HttpAnswer } from '../http/index.ts';
import type { Route } from '../router.ts';

/** berth's own, beside Docker's: their first path segment says so, the second is their version. */
export const explainRoutes: readonly Route[] = [{ method: 'GET', pattern: '/berth/v1/containers/{id}/explain', handler: explain }];

async function explain(call: Call): Promise<HttpAnswer> {
  return json(await explainContainer(call.house, subject(call), { signal: call.signal }));
}
