import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

interface MachineState {
  readonly mounts: ReadonlySet<string>;
  readonly cgroups: ReadonlySet<string>;
  readonly links: ReadonlySet<string>;
}

/** What the machine has now that a container engine might leave behind. */
export function machineState(): MachineState {
  return { mounts: new Set(mounts()), cgroups: new Set(cgroups()), links: new Set(readdirSync('/sys/class/net')) };
}

/**
 * What is on the machine now that was not there `before` and belongs to the engine of `root`, in words; empty when all is clean.
 * The kernel ends namespaces and empties cgroups a moment after their last process: what is still going is looked at again, up to ten seconds.
 */
export async function leaksOf(before: MachineState, root: string): Promise<readonly string[]> {
  let leaks = look(before, root);
  for (let round = 0; leaks.length > 0 && round < 100; round += 1) {
    await Bun.sleep(100);
    leaks = look(before, root);
  }
  return leaks;
}

function look(before: MachineState, root: string): readonly string[] {
  const leaks: string[] = [];
  for (const mount of mounts()) if (mount.includes(root)) leaks.push(`mount ${mount}`);
  for (const path of cgroups()) if (!before.cgroups.has(path) && !owned(path, root)) leaks.push(`cgroup ${path}`);
  for (const link of readdirSync('/sys/class/net')) if (!before.links.has(link)) leaks.push(`link ${link}`);
  leaks.push(...processes(root));
  return leaks;
}

// Another engine may run beside this one (a second test): its cgroups live under a parent of its own, which holds its processes.
function owned(path: string, root: string): boolean {
  try {
    const pid = readFileSync(`${path}/cgroup.procs`, 'utf8').split('\n')[0] ?? '';
    return pid !== '' && !readFileSync(`/proc/${pid}/mountinfo`, 'utf8').includes(root);
  } catch {
    return true; // It has just gone.
  }
}

function mounts(): readonly string[] {
  return readFileSync('/proc/self/mountinfo', 'utf8').split('\n').filter(Boolean);
}

// Directories that engines of this project made: `berth…` at the top of any hierarchy, and what is in them.
function cgroups(): readonly string[] {
  const found: string[] = [];
  const walk = (path: string) => {
    for (const entry of directories(path)) {
      found.push(`${path}/${entry}`);
      walk(`${path}/${entry}`);
    }
  };
  const tops = ['/sys/fs/cgroup', ...directories('/sys/fs/cgroup').map((name) => `/sys/fs/cgroup/${name}`)];
  for (const top of tops) for (const name of directories(top)) if (name.startsWith('berth')) walk(`${top}/${name}`);
  return found;
}

function directories(path: string): readonly string[] {
  try {
    return readdirSync(path, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => entry.name);
  } catch {
    return [];
  }
}

// Processes that were started for the engine of `root`: its name is in the command line or in a mount they see.
function processes(root: string): readonly string[] {
  const leaks: string[] = [];
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)) {
    try {
      const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
      const state = /^State:\s+(\S)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
      if (state === 'Z') continue;
      const rooted = readlinkSync(`/proc/${pid}/cwd`).startsWith(root) || readFileSync(`/proc/${pid}/mountinfo`, 'utf8').includes(root);
      if (words.includes(root) || rooted) leaks.push(`process ${pid} ${words.slice(0, 200)}`);
    } catch {
      // It ended while we looked, or it is a kernel thread.
    }
  }
  return leaks;
}
