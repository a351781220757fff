import type { FlagSpec } from '../flags/index.ts';
import { detachKeysFlag } from '../shared-flags.ts';
import * as check from './check.ts';

const bool = (name: string, usage: string, short?: string): FlagSpec => ({
  name,
  kind: 'bool',
  usage,
  ...(short === undefined ? {} : { short }),
});
const text = (name: string, usage: string, short?: string): FlagSpec => ({
  name,
  kind: 'string',
  usage,
  ...(short === undefined ? {} : { short }),
});
const int = (name: string, usage: string): FlagSpec => ({ name, kind: 'int', usage });
const bytes = (name: string, usage: string): FlagSpec => ({ name, kind: 'bytes', usage });
const list = (name: string, usage: string, rest: Partial<FlagSpec> = {}): FlagSpec => ({ name, kind: 'list', usage, ...rest });
const duration = (name: string, usage: string): FlagSpec => ({ name, kind: 'duration', usage: `${usage} (ms|s|m|h)`, shownDefault: '0s' });

/** The flags that say what a container is: the same for `create` and `run`. */
export const createFlags: readonly FlagSpec[] = [
  // Process, terminal, identity
  list('attach', 'Join STDIN, STDOUT or STDERR', { short: 'a', check: check.attach }),
  text('entrypoint', "Use this in place of the image's ENTRYPOINT"),
  list('env', 'Set environment variables', { short: 'e', check: check.env }),
  list('env-file', 'Read environment variables from a file'),
  bool('interactive', 'Keep STDIN open, attached or not', 'i'),
  bool('tty', 'Give the container a terminal', 't'),
  text('workdir', 'Working directory inside the container', 'w'),
  text('user', 'User name or id, with a group if wanted (<name|uid>[:<group|gid>])', 'u'),
  list('group-add', 'More groups to be in'),
  bool('init', 'Run an init that hands signals on and reaps processes'),
  text('stop-signal', 'Signal that asks the container to end'),
  int('stop-timeout', 'Seconds it gets to end before it is killed'),
  text('name', 'Name of the container'),
  text('cidfile', "Write the container's id to this file"),
  list('label', 'Set labels', { short: 'l', check: check.label }),
  list('label-file', 'Read labels from a file, one on each line'),
  { name: 'annotation', kind: 'map', usage: 'Set annotations, which the OCI runtime sees', shownDefault: 'map[]', check: check.keyValue },
  bool('rm', 'Remove the container and its anonymous volumes when it ends'),
  { ...text('restart', 'What to do when the container ends'), fallback: 'no' },
  { ...text('pull', 'When to pull the image ("always", "missing", "never")'), fallback: 'missing' },
  text('platform', 'Platform of the image'),
  bool('quiet', 'Do not show the progress of a pull', 'q'),
  { ...bool('disable-content-trust', 'Do not verify the image'), fallback: 'true', shownDefault: 'true' },
  // Namespaces
  text('hostname', 'Host name of the container', 'h'),
  text('domainname', 'NIS domain name of the container'),
  text('uts', 'UTS namespace'),
  text('ipc', 'IPC namespace'),
  text('pid', 'PID namespace'),
  text('userns', 'User namespace'),
  text('cgroupns', "Cgroup namespace: 'host', 'private', or '' for what the engine is set to"),
  // Network
  { name: 'network', kind: 'list', valueName: 'network', usage: 'Network of the container', check: check.network, formerly: ['net'] },
  list('network-alias', 'Name of the container on its network', { formerly: ['net-alias'] }),
  text('ip', 'IPv4 address, such as 172.30.100.104'),
  text('ip6', 'IPv6 address, such as 2001:db8::33'),
  list('link-local-ip', 'IPv4 or IPv6 link-local addresses'),
  text('mac-address', 'MAC address, such as 92:d0:c6:0a:29:33'),
  list('publish', 'Publish ports on the host', { short: 'p' }),
  bool('publish-all', 'Publish every exposed port on a free port of the host', 'P'),
  list('expose', 'Expose a port or a range of ports'),
  list('link', 'Link to another container', { check: check.link }),
  list('dns', 'DNS servers', { check: check.ipAddress }),
  list('dns-option', 'DNS options', { formerly: ['dns-opt'] }),
  list('dns-search', 'DNS search domains', { check: check.dnsSearch }),
  list('add-host', 'More names in /etc/hosts (host:ip)', { check: check.extraHost }),
  // Mounts
  list('volume', 'Mount a folder of the host or a volume', { short: 'v' }),
  { name: 'mount', kind: 'list', valueName: 'mount', usage: 'Mount a file system', check: check.mount },
  list('volumes-from', 'Mount what these containers mount'),
  text('volume-driver', 'Driver of the volumes that -v makes'),
  list('tmpfs', 'Mount a tmpfs'),
  bool('read-only', "Mount the container's root read-only"),
  bytes('shm-size', 'Size of /dev/shm'),
  list('storage-opt', 'Options of the storage driver'),
  bool('use-api-socket', "Mount the engine's socket and its credentials"),
  // Resources
  { name: 'cpu-shares', short: 'c', kind: 'int', usage: 'CPU shares (relative weight)' },
  { name: 'cpus', kind: 'decimal', usage: 'Number of CPUs', check: check.cpus },
  int('cpu-period', "Period of the scheduler's CPU limit, in microseconds"),
  int('cpu-quota', "Quota of the scheduler's CPU limit, in microseconds"),
  int('cpu-rt-period', 'Period of the real-time CPU limit, in microseconds'),
  int('cpu-rt-runtime', 'Real-time CPU limit, in microseconds'),
  text('cpuset-cpus', 'CPUs to run on (0-3, 0,1)'),
  text('cpuset-mems', 'Memory nodes to use (0-3, 0,1)'),
  int('cpu-count', 'Number of CPUs (Windows only)'),
  int('cpu-percent', 'CPU percent (Windows only)'),
  text('cgroup-parent', "Parent of the container's cgroup"),
  { ...bytes('memory', 'Memory limit'), short: 'm' },
  bytes('memory-reservation', 'Memory soft limit'),
  bytes('memory-swap', "Limit of memory and swap together: '-1' for no limit of swap"),
  { ...int('memory-swappiness', 'How readily its memory is swapped (0 to 100)'), fallback: '-1' },
  bytes('kernel-memory', 'Kernel memory limit'),
  bool('oom-kill-disable', 'Do not kill it when memory runs out'),
  int('oom-score-adj', 'How readily it is killed when memory runs out (-1000 to 1000)'),
  int('pids-limit', 'Limit of processes (-1 for none)'),
  { name: 'blkio-weight', kind: 'uint16', usage: 'Block IO weight, from 10 to 1000, or 0 for none', shownDefault: '0' },
  list('blkio-weight-device', 'Block IO weight for a device', { shownDefault: '[]', check: check.weightDevice }),
  list('device-read-bps', 'Limit of bytes read in a second from a device', { shownDefault: '[]', check: check.throttleBytes }),
  list('device-write-bps', 'Limit of bytes written in a second to a device', { shownDefault: '[]', check: check.throttleBytes }),
  list('device-read-iops', 'Limit of reads in a second from a device', { shownDefault: '[]', check: check.throttleOperations }),
  list('device-write-iops', 'Limit of writes in a second to a device', { shownDefault: '[]', check: check.throttleOperations }),
  bytes('io-maxbandwidth', 'Limit of IO bandwidth of the system drive (Windows only)'),
  { name: 'io-maxiops', kind: 'uint', usage: 'Limit of IO operations of the system drive (Windows only)' },
  list('device', 'Give the container a device of the host'),
  list('device-cgroup-rule', 'More rules for the device cgroup', { check: check.deviceRule }),
  { name: 'gpus', kind: 'list', valueName: 'gpu-request', usage: "GPUs for the container ('all' for all of them)", check: check.gpus },
  { name: 'ulimit', kind: 'list', valueName: 'ulimit', usage: 'Resource limits', shownDefault: '[]', check: check.ulimit },
  { name: 'sysctl', kind: 'map', usage: 'Kernel parameters', shownDefault: 'map[]', check: check.sysctl },
  // Security
  list('cap-add', 'Add Linux capabilities'),
  list('cap-drop', 'Drop Linux capabilities'),
  bool('privileged', 'Give the container every privilege'),
  list('security-opt', 'Security options'),
  // Runtime, health, logs
  text('runtime', 'OCI runtime'),
  text('isolation', 'Isolation technology'),
  text('health-cmd', 'Command that checks health'),
  duration('health-interval', 'Time between checks'),
  duration('health-timeout', 'Time one check may take'),
  int('health-retries', 'Failures in a row that make it unhealthy'),
  duration('health-start-period', 'Time it gets to start before failures count'),
  duration('health-start-interval', 'Time between checks while it starts'),
  bool('no-healthcheck', "Switch the image's HEALTHCHECK off"),
  text('log-driver', 'Driver of the logs'),
  list('log-opt', 'Options of the log driver'),
];

/** The flags that only `run` has. */
export const runFlags: readonly FlagSpec[] = [
  bool('detach', "Run it in the background and print the container's id", 'd'),
  detachKeysFlag,
  { ...bool('sig-proxy', 'Hand received signals to the process'), fallback: 'true' },
];
