import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { encodeOps } from '../../src/runtime/protocol.ts';
import { createCgroupDriver, hostCapabilities, plan, SeccompCache } from '../../src/runtime/index.ts';
import type { RuntimeSpec } from '../../src/spec/index.ts';

// bun bench/launcher/encode.ts BUNDLE OUT [CGROUP]: the op list of an OCI bundle, for `build/launcher run OUT`. With CGROUP (`/name`) that cgroup is
// made and every run joins it; without it a run stays in the caller's cgroups. Stdio is the caller's.
const [bundle = '.', out = 'ops', cgroup] = process.argv.slice(2);
const spec = JSON.parse(readFileSync(`${bundle}/config.json`, 'utf8')) as RuntimeSpec;
const hostMask = hostCapabilities(readFileSync('/proc/self/status', 'utf8'));
const seccomp = new SeccompCache();
const made = cgroup === undefined ? undefined : createCgroupDriver().create(cgroup, spec.linux.resources ?? {});
const ops = plan(spec, {
  id: 'bench',
  runDirectory: '',
  bundle: resolve(bundle),
  stdio: { kind: 'inherit' },
  cgroup: made === undefined ? undefined : { join: made.join, oomWatch: undefined, mounts: made.mounts, slot: -1 },
  hostCapabilities: hostMask,
  compileSeccomp: (profile) => seccomp.compile(profile),
  freeSlot: 0,
});
mkdirSync(resolve(out, '..'), { recursive: true });
writeFileSync(out, encodeOps(ops));
