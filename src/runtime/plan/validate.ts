import type { RuntimeProcess, RuntimeSpec } from '../../spec/index.ts';
import { invalid } from './invalid.ts';

const limits = { mounts: 1024, devices: 1024, paths: 1024, args: 1 << 16, bytes: 2 << 20, path: 4095, groups: 1024 } as const;

/** Checks what no later step would catch, or would catch with a worse message. @throws {EngineError} InvalidArgument, naming the field. */
export function validateSpec(spec: RuntimeSpec): void {
  if (!spec.ociVersion.startsWith('1.')) throw invalid('ociVersion', `${JSON.stringify(spec.ociVersion)} is not 1.x`);
  checkPath(`/${spec.root.path}`, 'root.path');
  if (spec.mounts.length > limits.mounts) throw invalid('mounts', `more than ${limits.mounts}`);
  for (const { destination, options = [] } of spec.mounts) {
    checkPath(destination, 'mounts');
    checkProc(destination);
    if (options.length > 256) throw invalid('mounts', `more than 256 options on ${destination}`);
  }
  const { devices = [], maskedPaths = [], readonlyPaths = [], mountLabel, sysctl = {} } = spec.linux;
  if (devices.length > limits.devices) throw invalid('linux.devices', `more than ${limits.devices}`);
  for (const { path } of devices) checkPath(path, 'linux.devices');
  if (maskedPaths.length + readonlyPaths.length > limits.paths) throw invalid('linux.maskedPaths', `more than ${limits.paths}`);
  for (const path of [...maskedPaths, ...readonlyPaths]) checkPath(path, 'linux.maskedPaths and readonlyPaths');
  if (Object.keys(sysctl).length > 256) throw invalid('linux.sysctl', 'more than 256');
  if (mountLabel) throw invalid('linux.mountLabel', 'SELinux labels are not supported');
  if ((spec.hostname ?? '').length > 64) throw invalid('hostname', 'longer than 64 bytes');
  if ((spec.domainname ?? '').length > 64) throw invalid('domainname', 'longer than 64 bytes');
  if (Object.values(spec.hooks ?? {}).some((hooks) => hooks.length > 0)) throw invalid('hooks', 'hooks are not supported');
  validateProcess(spec.process);
}

/** As `validateSpec`, for the process of an exec. */
export function validateProcess(process: RuntimeProcess): void {
  const { args, env, cwd, user } = process;
  if (args.length === 0) throw invalid('process.args', 'there is no command');
  if (args.length > limits.args || env.length > limits.args)
    throw invalid('process.args', `more than ${limits.args} arguments or variables`);
  const bytes = [...args, ...env].reduce((sum, text) => sum + text.length + 1, 0);
  if (bytes > limits.bytes) throw invalid('process.args', `arguments and variables are longer than ${limits.bytes} bytes together`);
  if ([...args, ...env].some((text) => text.includes('\0'))) throw invalid('process.args', 'a NUL byte inside');
  if (!cwd.startsWith('/')) throw invalid('process.cwd', `${JSON.stringify(cwd)} is not absolute`);
  for (const id of [user.uid, user.gid, ...(user.additionalGids ?? [])]) {
    if (!Number.isInteger(id) || id < 0 || id > 0xffff_fffe) throw invalid('process.user', `${id} is no id`);
  }
  if ((user.additionalGids?.length ?? 0) + (user.additionalGroups?.length ?? 0) > limits.groups)
    throw invalid('process.user', 'too many groups');
  if (process.ioPriority !== undefined) throw invalid('process.ioPriority', 'it is not supported');
  if (process.scheduler !== undefined) throw invalid('process.scheduler', 'it is not supported');
}

function checkPath(path: string, field: string): void {
  if (!path.startsWith('/')) throw invalid(field, `${JSON.stringify(path)} is not absolute`);
  if (path.length > limits.path || path.includes('\0')) throw invalid(field, 'a path that is too long, or with a NUL byte');
}

/** What may lie over files of /proc: the list is runc's (LXCFS). Anything else could hide what the container's protection is read from. */
const overProc = new Set(
  'cpuinfo diskstats meminfo stat swaps uptime loadavg slabinfo sys/kernel/ns_last_pid sys/crypto/fips_enabled'
    .split(' ')
    .map((name) => `/proc/${name}`),
);

function checkProc(destination: string): void {
  const parts: string[] = [];
  for (const part of destination.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  const path = `/${parts.join('/')}`;
  if (path.startsWith('/proc/') && !overProc.has(path))
    throw invalid('mounts', `${JSON.stringify(path)} cannot be mounted because it is inside /proc`);
}
