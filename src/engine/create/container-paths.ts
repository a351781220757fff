import { join } from 'node:path';
import type { ContainerRecord } from '../contract.ts';

/**
 * Where a container's files are; a record names them, so no other place computes them. The log is in the data root; what is mounted over /etc is
 * made anew for each run, in its run directory.
 */
export function containerPaths(dataRoot: string, execRoot: string, id: string): ContainerRecord['paths'] & { readonly directory: string } {
  const directory = join(dataRoot, 'containers', id);
  const runDirectory = join(execRoot, 'containers', id);
  return {
    directory,
    log: join(directory, `${id}-json.log`),
    resolvConf: join(runDirectory, 'resolv.conf'),
    hostname: join(runDirectory, 'hostname'),
    hosts: join(runDirectory, 'hosts'),
    sandboxKey: join(execRoot, 'netns', id.slice(0, 12)),
  };
}
