import { chmodSync, existsSync, mkdirSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { EngineError } from '../base/index.ts';
import { containerCapabilities } from '../runtime/index.ts';
import type { Mount } from '../spec/index.ts';
import type { ContainerRecord } from './contract.ts';
import { lookUpBlockDevices, lookUpDevices } from './host-devices.ts';
import type { House } from './house.ts';
import type { SpecInputs } from './oci-spec/index.ts';
import { parseSecurityOptions } from './security-options.ts';

/** Where the runtime keeps what belongs to a container's present run. */
export function runDirectoryOf(house: Pick<House, 'execRoot'>, id: string): string {
  return join(house.execRoot, 'containers', id);
}

/** Looks up all that a start needs beyond the record; makes nothing but a shareable /dev/shm. @throws {EngineError} Conflict; InvalidArgument; NotFound. */
export function lookUpInputs(house: House, record: ContainerRecord): SpecInputs {
  const { hostConfig } = record;
  const security = parseSecurityOptions(hostConfig.SecurityOpt ?? []);
  if (security.apparmor !== undefined && security.apparmor !== 'unconfined' && !existsSync('/sys/kernel/security/apparmor')) {
    throw new EngineError(
      'InvalidArgument',
      `AppArmor is not supported on this host, but the profile '${security.apparmor}' was specified`,
    );
  }
  const capabilities = containerCapabilities(
    { add: hostConfig.CapAdd ?? [], drop: hostConfig.CapDrop ?? [], privileged: hostConfig.Privileged },
    house.host.capabilities,
  );
  const seccomp =
    hostConfig.Privileged && security.seccomp === undefined ? undefined : house.seccomp.resolve(security.seccomp, capabilities);
  const networkPeer = peerOf(house, hostConfig.NetworkMode, 'network');
  const sharedMemory = sharedMemoryOf(house, record);
  return {
    defaults: house.defaults,
    host: house.host,
    rootMounts: house.snapshots.mounts(record.id),
    joins: joinsOf(house, record),
    files: networkPeer?.paths ?? record.paths,
    hostname: hostConfig.UTSMode === 'host' ? house.host.hostname : (networkPeer ?? record).config.Hostname,
    ...(sharedMemory === undefined ? {} : { sharedMemory }),
    subpaths: subpathsOf(record),
    imageMounts: imageMountsOf(house, record),
    devices: lookUpDevices(hostConfig),
    blockDevices: lookUpBlockDevices(hostConfig),
    capabilities,
    ...(seccomp === undefined ? {} : { seccomp }),
  };
}

/** The running container a mode such as `container:ID` joins. */
function peerOf(house: House, mode: string, words: string): ContainerRecord | undefined {
  if (!mode.startsWith('container:')) return undefined;
  const peer = house.records.resolve(mode.slice('container:'.length));
  if (house.live.process(peer.id) !== undefined) return peer;
  if (peer.state.status === 'restarting') {
    throw new EngineError('Conflict', `Container ${peer.id} is restarting, wait until the container is running`);
  }
  throw new EngineError(
    'Conflict',
    `cannot join ${words} namespace of a non running container: container /${peer.name} is ${peer.state.status}`,
  );
}

function joinsOf(house: House, record: ContainerRecord): SpecInputs['joins'] {
  const { NetworkMode, PidMode, IpcMode } = record.hostConfig;
  const joins: Partial<Record<'pid' | 'ipc' | 'network', string>> = {};
  for (const [type, mode, words] of [
    ['network', NetworkMode, 'network'],
    ['pid', PidMode, 'PID'],
    ['ipc', IpcMode, 'IPC'],
  ] as const) {
    const peer = peerOf(house, mode, words);
    if (peer === undefined) continue;
    joins[type] = `/proc/${house.live.process(peer.id)!.pid}/ns/${type === 'network' ? 'net' : type}`;
  }
  return joins;
}

// A shareable /dev/shm is a directory of the run root (a tmpfs on every common host), so that nothing is mounted on the host for it. It has
// no size limit of its own: docs/decisions/010-shareable-ipc.md.
function sharedMemoryOf(house: House, record: ContainerRecord): string | undefined {
  const mode = record.hostConfig.IpcMode;
  if (mode === 'shareable') {
    const directory = join(runDirectoryOf(house, record.id), 'shm');
    mkdirSync(directory, { recursive: true });
    chmodSync(directory, 0o1777);
    return directory;
  }
  const donor = peerOf(house, mode, 'IPC');
  if (donor === undefined || donor.hostConfig.IpcMode === 'none') return undefined;
  if (donor.hostConfig.IpcMode === 'host') return '/dev/shm';
  if (donor.hostConfig.IpcMode === 'shareable') return join(runDirectoryOf(house, donor.id), 'shm');
  throw new EngineError(
    'InvalidArgument',
    `cannot join IPC of container ${donor.id}: non-shareable IPC (hint: use IpcMode:shareable for the donor container)`,
  );
}

// A symlink inside the volume must not lead out of it.
function subpathsOf(record: ContainerRecord): Readonly<Record<string, string>> {
  const paths: Record<string, string> = {};
  for (const { type, source, destination, subpath } of record.mounts) {
    if (type !== 'volume' || subpath === undefined) continue;
    const wanted = join(source, subpath);
    let real: string;
    try {
      real = realpathSync(wanted);
    } catch (error) {
      throw new EngineError('InvalidArgument', `cannot access path ${wanted}: no such file or directory`, { cause: error });
    }
    if (!`${real}/`.startsWith(`${realpathSync(source)}/`)) {
      throw new EngineError('InvalidArgument', `cannot access path ${wanted}: it leads out of the volume`);
    }
    paths[destination] = real;
  }
  return paths;
}

function imageMountsOf(house: House, record: ContainerRecord): Readonly<Record<string, Mount>> {
  const mounts: Record<string, Mount> = {};
  for (const { type, name, destination, source } of record.mounts) {
    if (type !== 'image') continue;
    const { chainId } = house.images.resolve(name ?? source);
    const view = chainId === null ? [] : house.snapshots.view(chainId);
    if (view.length !== 1) throw new EngineError('InvalidArgument', `cannot mount image ${source}: it has no root of its own`);
    mounts[destination] = view[0]!;
  }
  return mounts;
}
