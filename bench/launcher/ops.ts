import { readFileSync } from 'node:fs';
import { hostCapabilities, plan, SeccompCache, type CreatedCgroup } from '../../src/runtime/index.ts';
import { encodeOps } from '../../src/runtime/protocol.ts';
import type { RuntimeSpec } from '../../src/spec/index.ts';

/**
 * Gives op lists for `build/launcher run FILE`, by the runtime's own plan, with the caller's stdio; the seccomp filter is compiled once. Without a
 * cgroup a run stays in the caller's.
 */
export function opsEncoder(spec: RuntimeSpec, bundle: string): (cgroup: CreatedCgroup | undefined) => Uint8Array {
  const seccomp = new SeccompCache();
  const context = {
    id: 'bench',
    runDirectory: '',
    bundle,
    stdio: { kind: 'inherit' },
    hostCapabilities: hostCapabilities(readFileSync('/proc/self/status', 'utf8')),
    compileSeccomp: seccomp.compile.bind(seccomp),
    freeSlot: 0,
  } as const;
  return (cgroup) => encodeOps(plan(spec, { ...context, cgroup: cgroup === undefined ? undefined : joined(cgroup) }));
}

// Nobody asks whether the bench was killed for memory, and on v2 there is no descriptor to hand over.
function joined({ join, mounts }: CreatedCgroup) {
  return { join, mounts, oomWatch: undefined, slot: -1 };
}
