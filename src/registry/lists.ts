import { EngineError } from '../base/index.ts';
import { parseJson } from '../spec/index.ts';
import type { Place } from './places.ts';
import { readCapped } from './read-capped.ts';

const maximumPageBytes = 4 * 1024 * 1024;
const maximumPages = 1000;

/** The names of a paged list (`tags`, `repositories`), page by page: the `Link` header leads on. distribution-spec 1.1, "Listing tags". */
export async function* listNames(
  { session }: Place,
  path: string,
  key: 'tags' | 'repositories',
  { signal }: { readonly signal: AbortSignal },
): AsyncGenerator<string, void, void> {
  let next: string | null = path;
  for (let page = 0; next !== null; page++) {
    if (page >= maximumPages) throw new EngineError('InvalidArgument', `the registry's list of ${key} does not end`);
    const response: Response = await session.request('GET', next, { signal, accept: [200] });
    const json = parseJson(await readCapped(response, maximumPageBytes, signal), `list of ${key}`) as Readonly<
      Record<string, unknown>
    > | null;
    const names = json?.[key];
    if (Array.isArray(names)) for (const name of names) if (typeof name === 'string') yield name;
    next = nextPage(response.headers.get('link'), new URL(next, session.origin).href, session.origin);
  }
}

// RFC 8288; a list goes on at the same registry or nowhere.
function nextPage(header: string | null, current: string, origin: string): string | null {
  const target = /<([^>]*)>\s*;\s*rel="?next"?/.exec(header ?? '')?.[1];
  if (target === undefined) return null;
  const url = new URL(target, current);
  return url.origin === origin && url.href !== current ? url.href : null;
}
