import { readdirSync, realpathSync, statSync, type Stats } from 'node:fs';
import { join } from 'node:path';
import { EngineError } from '../base/index.ts';
import type { DeviceMapping, HostConfig } from '../spec/index.ts';
import type { HostDevice } from './oci-spec/index.ts';

/**
 * The device nodes a container gets beyond the default ones: `--device` (a directory stands for all nodes below it) and, for --privileged,
 * all of the host's. moby oci/devices_linux.go.
 * @throws {EngineError} InvalidArgument `error gathering device information while adding custom device "x": …`.
 */
export function lookUpDevices(hostConfig: HostConfig): readonly HostDevice[] {
  const own = (hostConfig.Devices ?? []).flatMap(lookUp);
  if (!hostConfig.Privileged) return own;
  const taken = new Set(own.map((device) => device.path));
  return [...own, ...nodesBelow('/dev', '/dev', 'rwm', hostOnly).filter((device) => !taken.has(device.path))];
}

/** @throws {EngineError} InvalidArgument. */
export function lookUpBlockDevices(hostConfig: HostConfig): Readonly<Record<string, { readonly major: number; readonly minor: number }>> {
  const paths = [
    ...(hostConfig.BlkioWeightDevice ?? []),
    ...(hostConfig.BlkioDeviceReadBps ?? []),
    ...(hostConfig.BlkioDeviceWriteBps ?? []),
    ...(hostConfig.BlkioDeviceReadIOps ?? []),
    ...(hostConfig.BlkioDeviceWriteIOps ?? []),
  ].map(({ Path }) => Path);
  return Object.fromEntries(
    paths.map((path) => {
      try {
        return [path, numbersOf(statSync(path).rdev)];
      } catch (error) {
        throw new EngineError('InvalidArgument', `stat ${path}: ${words(error)}`, { cause: error });
      }
    }),
  );
}

// What a container has of its own, and what is not a device.
const hostOnly = new Set(['pts', 'shm', 'fd', 'mqueue', '.lxc', '.lxd-mounts', '.udev', 'console']);

function lookUp(mapping: DeviceMapping): readonly HostDevice[] {
  const target = mapping.PathInContainer === '' ? mapping.PathOnHost : mapping.PathInContainer;
  const access = mapping.CgroupPermissions === '' ? 'rwm' : mapping.CgroupPermissions;
  const refuse = (why: string, cause?: unknown) =>
    new EngineError('InvalidArgument', `error gathering device information while adding custom device "${mapping.PathOnHost}": ${why}`, {
      cause,
    });
  let source: string;
  let stat: Stats;
  try {
    source = realpathSync(mapping.PathOnHost);
    stat = statSync(source);
  } catch (error) {
    throw refuse(words(error), error);
  }
  if (!/^[rwm]{1,3}$/.test(access)) throw refuse(`invalid device mode: ${access}`);
  const found = stat.isDirectory() ? nodesBelow(source, target, access, new Set()) : [toDevice(target, stat, access)];
  const devices = found.filter((device) => device !== undefined);
  if (devices.length === 0) throw refuse('not a device node');
  return devices;
}

function nodesBelow(source: string, target: string, access: string, skip: ReadonlySet<string>): readonly HostDevice[] {
  const devices: HostDevice[] = [];
  for (const entry of readdirSync(source, { withFileTypes: true })) {
    if (skip.has(entry.name)) continue;
    const path = join(source, entry.name);
    if (entry.isDirectory()) devices.push(...nodesBelow(path, join(target, entry.name), access, skip));
    if (!entry.isBlockDevice() && !entry.isCharacterDevice()) continue;
    const device = toDevice(join(target, entry.name), statSync(path), access);
    if (device !== undefined) devices.push(device);
  }
  return devices;
}

function toDevice(path: string, stat: Stats, access: string): HostDevice | undefined {
  const type = stat.isBlockDevice() ? 'b' : stat.isCharacterDevice() ? 'c' : undefined;
  if (type === undefined) return undefined;
  return { path, type, ...numbersOf(stat.rdev), fileMode: stat.mode & 0o7777, uid: stat.uid, gid: stat.gid, access };
}

// glibc's dev_t: minor bits 0-7 and 20-31, major bits 8-19. sys/sysmacros.h.
function numbersOf(rdev: number): { readonly major: number; readonly minor: number } {
  return { major: (rdev >>> 8) & 0xfff, minor: (rdev & 0xff) | ((rdev >>> 12) & 0xfff00) };
}

function words(error: unknown): string {
  return (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'no such file or directory' : (error as Error).message;
}
