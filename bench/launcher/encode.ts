import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { createCgroupDriver } from '../../src/runtime/index.ts';
import type { RuntimeSpec } from '../../src/spec/index.ts';
import { opsEncoder } from './ops.ts';

// bun bench/launcher/encode.ts BUNDLE OUT [CGROUP]: the op list of an OCI bundle, for `build/launcher run OUT`. With CGROUP (`/name`) that cgroup is
// made and every run joins it; without it a run stays in the caller's cgroups. Stdio is the caller's.
const [bundle = '.', out = 'ops', cgroup] = process.argv.slice(2);
const spec = JSON.parse(readFileSync(`${bundle}/config.json`, 'utf8')) as RuntimeSpec;
const made = cgroup === undefined ? undefined : createCgroupDriver().create(cgroup, spec.linux.resources ?? {});
mkdirSync(resolve(out, '..'), { recursive: true });
writeFileSync(out, opsEncoder(spec, resolve(bundle))(made));
