import type { Op } from '../ops.ts';
import { invalid } from './invalid.ts';
import type { NamespacePlan } from './namespaces.ts';

const ipcSysctls = new Set(
  'kernel.msgmax kernel.msgmnb kernel.msgmni kernel.sem kernel.shmall kernel.shmmax kernel.shmmni kernel.shm_rmid_forced'.split(' '),
);

/** Writes into the host's /proc/sys, which acts on the writer's own namespaces; a sysctl without a namespace would be the host's, and is refused. */
export function sysctlOps(sysctls: Readonly<Record<string, string>>, namespaces: NamespacePlan): readonly Op[] {
  return Object.entries(sysctls).map(([name, value]): Op => {
    // `net/ipv4/conf/eth0.1/x`: with slashes dots are part of a name.
    const dotted = name.includes('/') && !/^[^/]*\./.test(name) ? name.replaceAll('/', '.') : name;
    const path = name === dotted ? name.replaceAll('.', '/').replaceAll('\\/', '.') : name;
    if (path.split('/').some((part) => part === '' || part === '..') || name.length > 256)
      throw invalid('linux.sysctl', `${JSON.stringify(name)} is no name`);
    check(dotted, namespaces);
    return { op: 'write', path: `/proc/sys/${path}`, bytes: new TextEncoder().encode(value), optional: 0 };
  });
}

function check(name: string, namespaces: NamespacePlan): void {
  if (ipcSysctls.has(name) || name.startsWith('fs.mqueue.')) {
    if (!namespaces.has('ipc')) throw invalid('linux.sysctl', `sysctl ${JSON.stringify(name)} is not allowed in the hosts ipc namespace`);
  } else if (name.startsWith('net.')) {
    if (!namespaces.has('network')) throw invalid('linux.sysctl', `sysctl ${JSON.stringify(name)} not allowed in host network namespace`);
  } else if (name === 'kernel.domainname' || name === 'kernel.hostname') {
    if (!namespaces.has('uts')) throw invalid('linux.sysctl', `sysctl ${JSON.stringify(name)} is not allowed in the hosts uts namespace`);
  } else {
    throw invalid('linux.sysctl', `sysctl ${JSON.stringify(name)} is not in a separate kernel namespace`);
  }
}
