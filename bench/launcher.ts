/** The launcher alone beside crun, runc and the floor program: one bundle with Docker's seccomp profile, run to its end and deleted. */
import { existsSync, mkdirSync } from 'node:fs';
import { sh } from './peers.ts';

/** Prints a row for each: median and minimum of the whole process. Needs `build/launcher run OPSFILE` (native) and `bench/ops.ts` (the plan). */
export async function launcherScenario(bundle: string, runs: number, inside: readonly string[]): Promise<void> {
  mkdirSync('build/bench', { recursive: true });
  if (!existsSync('build/bench/floor')) await sh('cc -O2 -static -o build/bench/floor bench/floor.c');
  const { writeOps } = await import('./ops.ts');
  const ops = await writeOps(bundle);
  const commands: Readonly<Record<string, readonly string[]>> = {
    launcher: ['build/launcher', 'run', ops],
    crun: ['crun', 'run', '-b', bundle, 'bench-crun'],
    runc: ['runc', 'run', '-b', bundle, 'bench-runc'],
    floor: ['build/bench/floor', '-n', '1', '-q', '--net', 'none', '--cgroup', '--seccomp', `${bundle}/rootfs`],
  };
  const samples: Record<string, number[]> = {};
  for (let round = -2; round < runs * 2; round += 1) {
    for (const [name, words] of Object.entries(commands)) {
      const at = performance.now();
      const child = Bun.spawn({ cmd: [...inside, ...words], stdin: 'ignore', stdout: 'ignore', stderr: 'pipe' });
      const [code, said] = [await child.exited, await new Response(child.stderr).text()];
      if (code !== 0) throw new Error(`${words.join(' ')}: ${said}`);
      if (round >= 0) (samples[name] ??= []).push(performance.now() - at);
    }
  }
  const middle = (values: readonly number[]) => values.toSorted((a, b) => a - b)[values.length >> 1] ?? NaN;
  const ours = middle(samples['launcher'] ?? []);
  for (const [name, goal] of [
    ['crun', 0.4],
    ['runc', 0.2],
    ['floor', 1.5],
  ] as const) {
    const theirs = samples[name] ?? [];
    console.log(
      `| launcher | run → exit → delete, to ${name} | launcher ${ours.toFixed(1)} ms, ${name} ${middle(theirs).toFixed(1)} ms [${Math.min(...theirs).toFixed(1)}] | ratio ${(ours / middle(theirs)).toFixed(3)}, goal ${goal} |`,
    );
  }
}
