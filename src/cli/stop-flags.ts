import type { FlagSpec, FlagValues } from './flags/index.ts';

/** How `stop` and `restart` end a container. */
export const stopFlags: readonly FlagSpec[] = [
  { name: 'signal', short: 's', kind: 'string', usage: 'Signal that asks the container to end' },
  { name: 'timeout', short: 't', kind: 'int', usage: 'Seconds to wait before killing the container', formerly: ['time'] },
];

/** What of `stopFlags` was said, as the API takes it. */
export function stopQuery(flags: FlagValues) {
  return { signal: flags.string('signal') || undefined, t: flags.has('timeout') ? flags.int('timeout') : undefined };
}
