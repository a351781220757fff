export type {
  ExplainedEndpoint,
  FetchedManifest,
  PushBlobOptions,
  PushOutcome,
  Registry,
  RegistryCredentials,
  RegistryOptions,
  RegistryPolicy,
  RegistryRule,
  RegistryTiming,
  Repository,
  RepositoryOptions,
  SearchResult,
} from './contract.ts';
export { openRegistry } from './open-registry.ts';
