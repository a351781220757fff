import { EngineError } from '../../base/index.ts';

/**
 * Where a container's cgroup is: the spec's `cgroupsPath`, else `/<parent>/<id>`. A relative path counts from the hierarchy's root.
 * @throws {EngineError} InvalidArgument, for a path with `..`, or one meant for systemd's driver (`slice:prefix:name`).
 */
export function cgroupPath(cgroupsPath: string | undefined, parent: string, id: string): string {
  const path = cgroupsPath === undefined || cgroupsPath === '' ? `${parent}/${id}` : cgroupsPath;
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  if (/^[^/]*\.slice:/.test(path)) {
    throw new EngineError(
      'InvalidArgument',
      'cgroup-parent for systemd cgroup should be a valid slice, but this engine manages cgroups itself (cgroupfs)',
    );
  }
  if (parts.length === 0 || parts.includes('..') || path.includes('\0') || path.length > 1024) {
    throw new EngineError('InvalidArgument', `invalid cgroup path: ${JSON.stringify(path)}`);
  }
  return `/${parts.join('/')}`;
}
