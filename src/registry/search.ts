import { parseJson } from '../spec/index.ts';
import type { SearchResult } from './contract.ts';
import { listNames } from './lists.ts';
import type { Place, Places } from './places.ts';
import { drop, readCapped } from './read-capped.ts';

const maximumBytes = 4 * 1024 * 1024;

/** What Docker Hub's search API finds (`/v1/search`, which some other registries have too), else what a registry's catalog holds. */
export async function searchPlaces(
  places: Places,
  term: string,
  limit: number,
  { signal }: { readonly signal: AbortSignal },
): Promise<readonly SearchResult[]> {
  return places.at(signal, async (place) => {
    const query = new URLSearchParams({ q: term, n: String(limit) });
    const response = await place.session.request('GET', `/v1/search?${query}`, { signal, accept: [200, 404, 405] });
    if (response.status !== 200) {
      drop(response);
      return searchCatalog(place, term, limit, { signal });
    }
    const json = parseJson(await readCapped(response, maximumBytes, signal), 'search result') as Readonly<Record<string, unknown>> | null;
    const results = json?.['results'];
    return Array.isArray(results) ? results.slice(0, limit).flatMap(toResult) : [];
  });
}

async function searchCatalog(
  place: Place,
  term: string,
  limit: number,
  options: { readonly signal: AbortSignal },
): Promise<readonly SearchResult[]> {
  const found: SearchResult[] = [];
  for await (const name of listNames(place, '/v2/_catalog?n=1000', 'repositories', options)) {
    if (!name.includes(term)) continue;
    found.push({ name, description: '', stars: 0, official: false, automated: false });
    if (found.length >= limit) break;
  }
  return found;
}

function toResult(value: unknown): readonly SearchResult[] {
  if (typeof value !== 'object' || value === null) return [];
  const { name, description, star_count, is_official, is_automated } = value as Readonly<Record<string, unknown>>;
  if (typeof name !== 'string') return [];
  return [
    {
      name,
      description: typeof description === 'string' ? description : '',
      stars: typeof star_count === 'number' ? star_count : 0,
      official: is_official === true,
      automated: is_automated === true,
    },
  ];
}
