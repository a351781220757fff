import { EngineError } from '../../base/index.ts';
import type { RuntimeResources } from '../../spec/index.ts';

export type DeviceRules = NonNullable<RuntimeResources['devices']>;

/** What a list of rules comes to: everything but, or nothing but, the exceptions. */
export interface DevicePolicy {
  readonly allowByDefault: boolean;
  readonly exceptions: readonly DeviceException[];
}

export interface DeviceException {
  readonly type: 'b' | 'c';
  /** Undefined: any. */
  readonly major: number | undefined;
  readonly minor: number | undefined;
  /** Bits of `r` 2, `w` 4, `m` 1; linux/bpf.h BPF_DEVCG_ACC_*. */
  readonly access: number;
}

const accessBits: Readonly<Record<string, number>> = { m: 1, r: 2, w: 4 };

/** Rules as cgroup v1 writes them: `c 1:3 rwm`, or `a` for everything. @throws {EngineError} InvalidArgument. */
export function formatDeviceRule(rule: DeviceRules[number]): string {
  checkRule(rule);
  if (isEverything(rule)) return 'a';
  return `${rule.type} ${rule.major ?? '*'}:${rule.minor ?? '*'} ${rule.access ?? 'rwm'}`.replaceAll('-1', '*');
}

/**
 * Plays the rules one after another as the v1 controller does (Documentation/admin-guide/cgroup-v1/devices.rst): a rule for everything starts anew,
 * others add to or take from the exceptions. So v2 decides the same as v1.
 * @throws {EngineError} InvalidArgument, for a rule of unknown type or access.
 */
export function devicePolicy(rules: DeviceRules): DevicePolicy {
  let allowByDefault = false;
  let exceptions = new Map<string, DeviceException>();
  for (const rule of rules) {
    checkRule(rule);
    if (isEverything(rule)) {
      allowByDefault = rule.allow;
      exceptions = new Map();
      continue;
    }
    for (const type of rule.type === 'a' || rule.type === undefined ? (['b', 'c'] as const) : [rule.type as 'b' | 'c']) {
      const [major, minor] = [wildcard(rule.major), wildcard(rule.minor)];
      const key = `${type} ${major ?? '*'}:${minor ?? '*'}`;
      const before = exceptions.get(key)?.access ?? 0;
      const mentioned = bitsOf(rule.access);
      const access = rule.allow === allowByDefault ? before & ~mentioned : before | mentioned;
      if (access === 0) exceptions.delete(key);
      else exceptions.set(key, { type, major, minor, access });
    }
  }
  return { allowByDefault, exceptions: [...exceptions.values()] };
}

function checkRule(rule: DeviceRules[number]): void {
  if (rule.type !== undefined && !['a', 'b', 'c'].includes(rule.type)) throw invalid(`type ${JSON.stringify(rule.type)}`);
  if (rule.access !== undefined && !/^[rwm]{0,3}$/.test(rule.access)) throw invalid(`access ${JSON.stringify(rule.access)}`);
}

function isEverything(rule: DeviceRules[number]): boolean {
  const any = rule.type === undefined || rule.type === 'a';
  return any && wildcard(rule.major) === undefined && wildcard(rule.minor) === undefined && bitsOf(rule.access) === 7;
}

function wildcard(number: number | undefined): number | undefined {
  return number === undefined || number < 0 ? undefined : number;
}

function bitsOf(access = 'rwm'): number {
  return [...(access === '' ? 'rwm' : access)].reduce((bits, letter) => bits | (accessBits[letter] ?? 0), 0);
}

function invalid(what: string): EngineError {
  return new EngineError('InvalidArgument', `Cannot limit devices: unknown ${what}`);
}
