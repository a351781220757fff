import { readFileSync } from 'node:fs';
import { EngineError, messageOf } from '../base/index.ts';
import type { RegistryPolicy, RegistryRule } from '../registry/index.ts';
import type { RegistrySettings } from './options/daemon-options.ts';

/**
 * Mirrors, insecure hosts and, from the policy file, rules by prefix:
 * `{"rules": [{"prefix": "docker.io", "mirrors": [{"location": "cache.example/hub"}], "blocked": false}]}`.
 * @throws {EngineError} InvalidArgument, naming the file and what is wrong.
 */
export function readRegistryPolicy({ mirrors, insecure, policyFile }: RegistrySettings): RegistryPolicy {
  if (policyFile === undefined) return { mirrors, insecure };
  try {
    const parsed: unknown = JSON.parse(readFileSync(policyFile, 'utf8'));
    const rules = (parsed as { readonly rules?: unknown } | null)?.rules ?? [];
    if (!Array.isArray(rules)) throw new TypeError('"rules" must be a list');
    return { mirrors, insecure, rules: rules.map(toRule) };
  } catch (error) {
    throw new EngineError('InvalidArgument', `Cannot read registry policy ${policyFile}: ${messageOf(error)}`, { cause: error });
  }
}

function toRule(value: unknown): RegistryRule {
  const fields = (value ?? {}) as Readonly<Record<string, unknown>>;
  const known = new Set(['prefix', 'blocked', 'insecure', 'mirrors', 'mirrorsOnly']);
  for (const key of Object.keys(fields)) if (!known.has(key)) throw new TypeError(`a rule has no "${key}"`);
  if (typeof fields['prefix'] !== 'string' || fields['prefix'] === '') throw new TypeError('a rule needs a "prefix"');
  const mirrors = fields['mirrors'] ?? [];
  if (!Array.isArray(mirrors)) throw new TypeError('"mirrors" must be a list');
  return {
    prefix: fields['prefix'],
    blocked: fields['blocked'] === true,
    insecure: fields['insecure'] === true,
    mirrorsOnly: fields['mirrorsOnly'] === true,
    mirrors: mirrors.map(toMirror),
  };
}

function toMirror(value: unknown): { readonly location: string; readonly insecure: boolean } {
  const fields = typeof value === 'string' ? { location: value } : ((value ?? {}) as Readonly<Record<string, unknown>>);
  const { location, insecure } = fields as { readonly location?: unknown; readonly insecure?: unknown };
  if (typeof location !== 'string' || !/^(https?:\/\/)?[^/\s]+(\/[^\s]*)?$/.test(location))
    throw new TypeError('a mirror needs a "location"');
  return { location, insecure: insecure === true };
}
