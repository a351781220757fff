/** The launcher alone beside crun, runc and the floor program: one bundle with Docker's seccomp profile, run to its end and deleted. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import {
  cgroupPath,
  createCgroupDriver,
  defaultCapabilities,
  defaultDeviceRules,
  defaultMaskedPaths,
  defaultMounts,
  defaultReadonlyPaths,
  defaultSeccompProfile,
  resolveSeccomp,
} from '../../src/runtime/index.ts';
import type { NamespaceType, RuntimeSpec } from '../../src/spec/index.ts';
import { median } from '../median.ts';
import { sh } from '../peers.ts';
import { opsEncoder } from './ops.ts';

/** Prints a row for each peer: medians of whole processes, cgroups made and removed within the time. `holder` is a process of the namespaces. */
export async function launcherScenario(bundle: string, runs: number, inside: readonly string[], holder: number): Promise<void> {
  mkdirSync('build/bench', { recursive: true });
  if (!existsSync('build/bench/floor')) await sh('cc -O2 -static -o build/bench/floor bench/floor.c');
  const spec = bundleSpec(`${bundle}/rootfs`);
  writeFileSync(`${bundle}/config.json`, JSON.stringify(spec));
  const cgroups = createCgroupDriver(readFileSync(`/proc/${holder}/mountinfo`, 'utf8'));
  const path = cgroupPath(undefined, 'berth-bench', 'f'.repeat(64));
  const encode = opsEncoder(spec, bundle);

  const launch = async (): Promise<void> => {
    writeFileSync('build/bench/ops', encode(cgroups.create(path, spec.linux.resources ?? {})));
    await spawn([...inside, 'build/launcher', 'run', 'build/bench/ops']);
    await cgroups.remove(path);
  };
  const commands: Readonly<Record<string, () => Promise<void>>> = {
    launcher: launch,
    crun: () => spawn([...inside, 'crun', 'run', '-b', bundle, 'bench-crun']),
    runc: () => spawn([...inside, 'runc', 'run', '-b', bundle, 'bench-runc']),
    floor: () => spawn([...inside, 'build/bench/floor', '-n', '1', '-q', '--net', 'none', '--cgroup', '--seccomp', `${bundle}/rootfs`]),
  };
  const samples: Record<string, number[]> = {};
  for (let round = -2; round < runs * 2; round += 1) {
    for (const [name, once] of Object.entries(commands)) {
      const at = performance.now();
      await once();
      if (round >= 0) (samples[name] ??= []).push(performance.now() - at);
    }
  }
  await cgroups.remove('/berth-bench');
  const ours = samples['launcher'] ?? [];
  for (const [name, goal] of [
    ['crun', 0.4],
    ['runc', 0.2],
    ['floor', 1.5],
  ] as const) {
    const theirs = samples[name] ?? [];
    const times = `launcher ${median(ours).toFixed(1)} ms [${Math.min(...ours).toFixed(1)}], ${name} ${median(theirs).toFixed(1)} ms [${Math.min(...theirs).toFixed(1)}]`;
    console.log(
      `| launcher | run → exit → delete, to ${name} | ${times} | ratio ${(median(ours) / median(theirs)).toFixed(3)}, goal ${goal} |`,
    );
  }
}

async function spawn(command: readonly string[]): Promise<void> {
  const child = Bun.spawn({ cmd: [...command], stdin: 'ignore', stdout: 'ignore', stderr: 'pipe' });
  const [code, said] = [await child.exited, await new Response(child.stderr).text()];
  if (code !== 0) throw new Error(`${command.join(' ')}: exit ${code}: ${said}`);
}

/** What Docker asks runc for to run `true` without a network. */
function bundleSpec(path: string): RuntimeSpec {
  const kernel = readFileSync('/proc/sys/kernel/osrelease', 'utf8').trim();
  return {
    ociVersion: '1.0.2',
    root: { path },
    hostname: 'bench',
    process: {
      args: ['true'],
      env: ['PATH=/bin'],
      cwd: '/',
      user: { uid: 0, gid: 0 },
      capabilities: { bounding: defaultCapabilities, effective: defaultCapabilities, permitted: defaultCapabilities },
    },
    mounts: defaultMounts({ shmBytes: 64 << 20, privileged: false }),
    linux: {
      namespaces: (['mount', 'pid', 'ipc', 'uts', 'network'] satisfies NamespaceType[]).map((type) => ({ type })),
      maskedPaths: defaultMaskedPaths,
      readonlyPaths: defaultReadonlyPaths,
      resources: { devices: defaultDeviceRules },
      seccomp: resolveSeccomp(defaultSeccompProfile(), { capabilities: defaultCapabilities, architecture: 'amd64', kernel }),
    },
  };
}
