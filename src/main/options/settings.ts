/**
 * One thing a daemon can be told, with dockerd's names: as `--flag` and as `key` in the configuration file. `later` ones are taken and have no
 * effect yet, so that a dockerd's command line or file can be used as it is.
 */
export interface Setting {
  readonly flag: string;
  readonly short?: string;
  readonly key: string;
  readonly kind: 'string' | 'boolean' | 'integer' | 'list' | 'map' | 'object';
  readonly usage: string;
  readonly later?: true;
}

/** Text by setting: what a flag or the file says; list elements and map entries one by one. Objects are kept as the file has them. */
export type SettingValue = string | boolean | number | readonly string[] | Readonly<Record<string, unknown>>;

export const settings: readonly Setting[] = [
  list('host', 'hosts', 'Where to listen: unix://PATH or tcp://ADDRESS:PORT', 'H'),
  text('data-root', 'Directory of what must last'),
  text('exec-root', 'Directory of what a boot may take'),
  text('pidfile', 'File for the process id', 'p'),
  text('group', 'Group of unix sockets', 'G'),
  text('config-file', 'Configuration file (JSON)'),
  text('log-level', 'debug, info, warn, error or fatal', 'l'),
  flag('debug', 'Log at level debug', 'D'),
  text('bridge', 'Name of the default bridge', 'b'),
  text('cgroup-parent', 'Parent of all containers’ cgroups'),
  { flag: 'default-ulimit', key: 'default-ulimits', kind: 'list', usage: 'Ulimits of containers that have none: NAME=SOFT[:HARD]' },
  text('default-cgroupns-mode', 'private or host'),
  text('default-ipc-mode', 'private or shareable'),
  text('default-shm-size', 'Size of /dev/shm'),
  text('default-runtime', 'Runtime of containers that name none'),
  { flag: 'add-runtime', key: 'runtimes', kind: 'object', usage: 'Another OCI runtime: NAME=PATH' },
  { flag: 'default-stop-timeout', key: 'default-stop-timeout', kind: 'integer', usage: 'Seconds between SIGTERM and SIGKILL' },
  text('log-driver', 'Log driver of containers that name none'),
  { flag: 'log-opt', key: 'log-opts', kind: 'map', usage: 'Option of the log driver: KEY=VALUE' },
  list('insecure-registry', 'insecure-registries', 'Registry whose TLS need not be right, or that has none: HOST[:PORT] or CIDR'),
  list('registry-mirror', 'registry-mirrors', 'Asked before Docker Hub: http(s)://HOST'),
  list('certs-dir', 'certs-dirs', 'Folder with certificates of registries: HOST:PORT/{ca.crt,client.cert,client.key}'),
  text('registry-policy', 'File (JSON) with rules for registries; read again on SIGHUP'),
  text('http-proxy', 'Proxy for registries without TLS'),
  text('https-proxy', 'Proxy for registries with TLS'),
  text('no-proxy', 'Hosts to reach without a proxy: a list with commas'),
  { flag: 'max-concurrent-downloads', key: 'max-concurrent-downloads', kind: 'integer', usage: 'Layers downloaded at once' },
  flag('init', 'Run an init in every container'),
  text('init-path', 'Path of that init'),
  list('label', 'labels', 'Label of this engine: KEY=VALUE'),
  list('dns', 'dns', 'Name server of containers'),
  list('dns-opt', 'dns-opts', 'Option of resolv.conf'),
  list('dns-search', 'dns-search', 'Search domain of containers'),
  flag('no-new-privileges', 'Containers cannot gain privileges'),
  text('seccomp-profile', 'Seccomp profile of containers (JSON file)'),
  { flag: 'shutdown-timeout', key: 'shutdown-timeout', kind: 'integer', usage: 'Seconds for a graceful stop' },
  flag('validate', 'Check the configuration and end'),
  ...['bip', 'bip6', 'fixed-cidr', 'fixed-cidr-v6', 'default-gateway', 'default-gateway-v6', 'ip', 'storage-driver'].map(later('string')),
  ...['userns-remap', 'containerd', 'containerd-namespace', 'metrics-addr', 'userland-proxy-path', 'log-format'].map(later('string')),
  ...['firewall-backend', 'min-api-version', 'tlscacert', 'tlscert', 'tlskey'].map(later('string')),
  ...['icc', 'ip-forward', 'ip-masq', 'iptables', 'ip6tables', 'ipv6', 'live-restore', 'experimental', 'userland-proxy'].map(
    later('boolean'),
  ),
  ...['raw-logs', 'selinux-enabled', 'tls', 'tlsverify'].map(later('boolean')),
  ...['mtu', 'max-concurrent-uploads', 'max-download-attempts'].map(later('integer')),
  { ...later('list')('exec-opt'), key: 'exec-opts' },
  { ...later('list')('storage-opt'), key: 'storage-opts' },
  { ...later('list')('default-address-pool'), key: 'default-address-pools', kind: 'object' },
  { ...later('object')('builder'), key: 'builder' },
  { ...later('object')('features'), key: 'features' },
];

function text(name: string, usage: string, short?: string): Setting {
  return { flag: name, key: name, kind: 'string', usage, ...(short === undefined ? {} : { short }) };
}

function flag(name: string, usage: string, short?: string): Setting {
  return { flag: name, key: name, kind: 'boolean', usage, ...(short === undefined ? {} : { short }) };
}

function list(name: string, key: string, usage: string, short?: string): Setting {
  return { flag: name, key, kind: 'list', usage, ...(short === undefined ? {} : { short }) };
}

function later(kind: Setting['kind']): (name: string) => Setting {
  return (name) => ({ flag: name, key: name, kind, usage: 'Taken, without effect yet', later: true });
}
