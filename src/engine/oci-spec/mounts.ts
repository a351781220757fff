import { defaultMounts } from '../../runtime/index.ts';
import type { Mount, RuntimeMount } from '../../spec/index.ts';
import type { ContainerRecord, MountPoint } from '../contract.ts';
import type { SpecInputs } from './inputs.ts';

/** All mounts in the order they are to be made: a parent before what is below it. */
export function toMounts(record: ContainerRecord, inputs: SpecInputs): readonly RuntimeMount[] {
  const own = [...record.mounts.map((mount) => toMount(mount, inputs)), ...tmpfsMounts(record)];
  const taken = new Set(own.map((mount) => mount.destination));
  const defaults = systemMounts(record, inputs).filter(({ destination }) => {
    // A user's /dev replaces all of ours below it.
    return !taken.has(destination) && !(taken.has('/dev') && destination.startsWith('/dev/'));
  });
  const files = fileMounts(record, inputs).filter(({ destination }) => !taken.has(destination));
  return [...defaults, ...[...files, ...own].sort((a, b) => depth(a) - depth(b))];
}

function depth(mount: RuntimeMount): number {
  return mount.destination.split('/').length;
}

// Docker's defaults, but for what the IPC mode shares.
function systemMounts(record: ContainerRecord, inputs: SpecInputs): readonly RuntimeMount[] {
  const { Privileged: privileged, IpcMode: ipc, ShmSize: shmBytes } = record.hostConfig;
  return defaultMounts({ shmBytes, privileged }).flatMap((mount) => {
    // mqueue needs no word: a mount of it shows the queues of the IPC namespace it is made in.
    if (mount.destination !== '/dev/shm') return [mount];
    if (ipc === 'none') return [];
    const source = ipc === 'host' ? '/dev/shm' : inputs.sharedMemory;
    return [source === undefined ? mount : bind('/dev/shm', source, sharedMemoryOptions)];
  });
}

const sharedMemoryOptions = ['rbind', 'rprivate', 'nosuid', 'noexec', 'nodev'];

function fileMounts(record: ContainerRecord, { files }: SpecInputs): readonly RuntimeMount[] {
  const options = ['rbind', 'rprivate', ...(record.hostConfig.ReadonlyRootfs ? ['ro'] : [])];
  return [
    bind('/etc/resolv.conf', files.resolvConf, options),
    bind('/etc/hostname', files.hostname, options),
    bind('/etc/hosts', files.hosts, options),
  ];
}

function tmpfsMounts(record: ContainerRecord): readonly RuntimeMount[] {
  return Object.entries(record.hostConfig.Tmpfs ?? {}).map(([destination, options]) => ({
    destination,
    type: 'tmpfs',
    source: 'tmpfs',
    // Later words win: `exec` of a user undoes our `noexec`.
    options: mergeTmpfs(
      ['noexec', 'nosuid', 'nodev'],
      options.split(',').filter((word) => word !== ''),
    ),
  }));
}

function toMount(mount: MountPoint, inputs: SpecInputs): RuntimeMount {
  const access = mount.readWrite ? 'rw' : 'ro';
  switch (mount.type) {
    case 'bind': {
      const recursive = !(mount.options ?? []).includes('bind');
      return bind(mount.destination, mount.source, [recursive ? 'rbind' : 'bind', access, mount.propagation]);
    }
    case 'volume':
      return bind(mount.destination, inputs.subpaths[mount.destination] ?? mount.source, ['rbind', access, 'rprivate']);
    case 'tmpfs':
      return {
        destination: mount.destination,
        type: 'tmpfs',
        source: 'tmpfs',
        options: mergeTmpfs(['noexec', 'nosuid', 'nodev'], [...(mount.options ?? []), ...(mount.readWrite ? [] : ['ro'])]),
      };
    case 'image':
      return fromMount(mount.destination, inputs.imageMounts[mount.destination]!);
  }
}

const opposites: Readonly<Record<string, string>> = { exec: 'noexec', suid: 'nosuid', dev: 'nodev', rw: 'ro' };

function mergeTmpfs(defaults: readonly string[], own: readonly string[]): readonly string[] {
  const undone = new Set(own.map((word) => opposites[word]));
  return [...defaults.filter((word) => !undone.has(word)), ...own];
}

function fromMount(destination: string, { type, source, options }: Mount): RuntimeMount {
  return { destination, type, source, options: options.includes('ro') ? options : [...options, 'ro'] };
}

function bind(destination: string, source: string, options: readonly string[]): RuntimeMount {
  return { destination, type: 'bind', source, options };
}
