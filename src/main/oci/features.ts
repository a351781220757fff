import { allCapabilities } from '../../runtime/index.ts';

/** OCI runtime-spec v1.2.0 features.md: what this runtime can do, whatever the machine. */
export function features(): unknown {
  return {
    ociVersionMin: '1.0.0',
    ociVersionMax: '1.2.0',
    hooks: ['prestart', 'createRuntime', 'createContainer', 'startContainer', 'poststart', 'poststop'],
    mountOptions: mountOptions.split(' '),
    linux: {
      namespaces: ['cgroup', 'ipc', 'mount', 'network', 'pid', 'time', 'user', 'uts'],
      capabilities: allCapabilities,
      cgroup: { v1: true, v2: true, systemd: false, systemdUser: false, rdma: false },
      seccomp: {
        enabled: true,
        actions: 'ALLOW ERRNO KILL KILL_PROCESS KILL_THREAD LOG TRACE TRAP'.split(' ').map((name) => `SCMP_ACT_${name}`),
        operators: 'EQ GE GT LE LT MASKED_EQ NE'.split(' ').map((name) => `SCMP_CMP_${name}`),
        archs: ['SCMP_ARCH_X86', 'SCMP_ARCH_X32', 'SCMP_ARCH_X86_64'],
        knownFlags: ['SECCOMP_FILTER_FLAG_TSYNC', 'SECCOMP_FILTER_FLAG_SPEC_ALLOW', 'SECCOMP_FILTER_FLAG_LOG'],
      },
      apparmor: { enabled: true },
      selinux: { enabled: false },
      mountExtensions: { idmap: { enabled: true } },
    },
  };
}

const mountOptions =
  'async atime bind defaults dev diratime dirsync exec idmap iversion lazytime loud mand noatime nodev nodiratime noexec noiversion nolazytime ' +
  'nomand norelatime nostrictatime nosuid nosymfollow private ratime rbind rdev rdiratime relatime remount rexec ridmap rnoatime rnodev ' +
  'rnodiratime rnoexec rnorelatime rnostrictatime rnosuid rnosymfollow ro rprivate rrelatime rro rrw rshared rslave rstrictatime rsuid ' +
  'rsymfollow runbindable rw shared silent slave strictatime suid symfollow sync unbindable';
