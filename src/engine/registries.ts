import { EngineError } from '../base/index.ts';
import type { ExplainedEndpoint, RegistryCredentials, SearchResult } from '../registry/index.ts';
import {
  mediaTypes,
  parseImageConfig,
  parseImageIndex,
  parseImageManifest,
  parseReference,
  withDefaultTag,
  type Descriptor,
  type Platform,
} from '../spec/index.ts';
import { booleanFilter } from './image-list.ts';
import { checkFilters } from './filters.ts';
import type { House } from './house.ts';
import type { Filters, Options } from './requests.ts';

export interface DistributionInspect {
  readonly descriptor: Descriptor;
  readonly platforms: readonly Platform[];
}

const indexTypes: ReadonlySet<string> = new Set([mediaTypes.ociIndex, mediaTypes.dockerIndex]);
const maximumConfigBytes = 4 * 1024 * 1024;

/** What a registry has under a reference, without pulling it. @throws {EngineError} NotFound, Unauthorized, Unavailable. */
export async function inspectDistribution(
  house: House,
  words: string,
  credentials: RegistryCredentials | undefined,
  options: Options,
): Promise<DistributionInspect> {
  const reference = withDefaultTag(parseReference(words));
  const repository = house.registry.repository(reference, credentials === undefined ? {} : { credentials });
  const { descriptor, bytes } = await repository.fetch(reference.digest ?? reference.tag ?? 'latest', options);
  if (indexTypes.has(descriptor.mediaType)) {
    const platforms = parseImageIndex(bytes).manifests.flatMap(({ platform }) => (platform === undefined ? [] : [platform]));
    return { descriptor, platforms };
  }
  const { config } = parseImageManifest(bytes);
  if ((config.mediaType !== mediaTypes.ociConfig && config.mediaType !== mediaTypes.dockerConfig) || config.size > maximumConfigBytes)
    return { descriptor, platforms: [] };
  const { os, architecture, variant } = parseImageConfig(await new Response(await repository.open(config, options)).bytes());
  return { descriptor, platforms: [{ os, architecture, ...(variant === undefined ? {} : { variant }) }] };
}

/** Tries credentials. Returns the identity token to keep instead of the password; '' where there is none. @throws {EngineError} Unauthorized. */
export function loginToRegistry(house: House, server: string, credentials: RegistryCredentials, options: Options): Promise<string> {
  return house.registry.login(server, credentials, options);
}

/** Repositories that a word finds. Filters: `is-official`, `is-automated`, `stars`. @throws {EngineError}. */
export async function searchRegistry(
  house: House,
  term: string,
  request: { readonly limit: number; readonly filters: Filters; readonly credentials?: RegistryCredentials },
  options: Options,
): Promise<readonly SearchResult[]> {
  checkFilters(request.filters, ['is-automated', 'is-official', 'stars']);
  if (request.limit < 1 || request.limit > 100)
    throw new EngineError('InvalidArgument', `limit ${request.limit} is outside the range of [1, 100]`);
  const official = booleanFilter(request.filters, 'is-official');
  const automated = booleanFilter(request.filters, 'is-automated');
  const stars = Math.max(0, ...(request.filters['stars'] ?? []).map(starsOf));
  const found = await house.registry.search(term, request.limit, request.credentials, options);
  return found.filter(
    (each) =>
      (official === undefined || each.official === official) &&
      (automated === undefined || each.automated === automated) &&
      each.stars >= stars,
  );
}

/** Which hosts would be asked for a reference, in order. @throws {EngineError} Forbidden, when policy blocks it. */
export function explainRegistry(house: House, words: string): readonly ExplainedEndpoint[] {
  return house.registry.explain(withDefaultTag(parseReference(words)));
}

function starsOf(text: string): number {
  if (!/^\d+$/.test(text)) throw new EngineError('InvalidArgument', `invalid filter 'stars=${text}'`);
  return Number(text);
}
