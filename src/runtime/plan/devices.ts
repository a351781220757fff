import type { RuntimeDevice, RuntimeMount } from '../../spec/index.ts';
import type { Op } from '../ops.ts';
import { invalid } from './invalid.ts';

const typeBits: Readonly<Record<string, number>> = { c: 0o020000, u: 0o020000, b: 0o060000, p: 0o010000 };

/** What every container finds in /dev. OCI runtime-spec v1.2.0 config-linux.md#default-devices. */
const defaultDevices: readonly RuntimeDevice[] = [
  { type: 'c', path: '/dev/null', major: 1, minor: 3, fileMode: 0o666 },
  { type: 'c', path: '/dev/random', major: 1, minor: 8, fileMode: 0o666 },
  { type: 'c', path: '/dev/full', major: 1, minor: 7, fileMode: 0o666 },
  { type: 'c', path: '/dev/tty', major: 5, minor: 0, fileMode: 0o666 },
  { type: 'c', path: '/dev/zero', major: 1, minor: 5, fileMode: 0o666 },
  { type: 'c', path: '/dev/urandom', major: 1, minor: 9, fileMode: 0o666 },
];

const links: ReadonlyArray<readonly [string, string]> = [
  ['pts/ptmx', '/dev/ptmx'],
  ['/proc/self/fd', '/dev/fd'],
  ['/proc/self/fd/0', '/dev/stdin'],
  ['/proc/self/fd/1', '/dev/stdout'],
  ['/proc/self/fd/2', '/dev/stderr'],
  ['/proc/kcore', '/dev/core'],
];

/** Nodes and links of /dev; none when somebody's own directory is bound there. */
export function deviceOps(devices: readonly RuntimeDevice[], mounts: readonly RuntimeMount[]): readonly Op[] {
  if (
    mounts.some(
      ({ destination, type, options = [] }) => destination === '/dev' && (type === 'bind' || options.some((word) => /^r?bind$/.test(word))),
    )
  ) {
    return [];
  }
  // /dev/ptmx is a link into the container's own devpts, whatever the spec says.
  const wanted = new Map([...defaultDevices, ...devices].map((device) => [device.path, device]));
  wanted.delete('/dev/ptmx');
  return [...[...wanted.values()].map(nodeOp), ...links.map(([target, path]): Op => ({ op: 'symlink', target, path }))];
}

function nodeOp({ type, path, major = 0, minor = 0, fileMode = 0o666, uid = 0, gid = 0 }: RuntimeDevice): Op {
  const bits = typeBits[type];
  if (bits === undefined) throw invalid('linux.devices', `${path} has the unknown type ${JSON.stringify(type)}`);
  return { op: 'mknod', path, mode: bits | (fileMode & 0o7777), major, minor, uid, gid };
}
