import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { RuntimeSpec } from '../spec/index.ts';
import type { CreatedCgroup } from './cgroup/index.ts';

/** What a later engine needs to run further processes in a container and to remove it. */
export interface ContainerRecord {
  readonly version: 1;
  readonly spec: RuntimeSpec;
  readonly cgroup: CgroupRecord;
}

export interface CgroupRecord extends Pick<CreatedCgroup, 'join' | 'oomWatch' | 'mounts'> {
  /** In the hierarchies. */
  readonly path: string;
}

const name = 'container.json';

/** Not atomic and not synced: it is there before the container runs, and the run directory does not outlive a power cut. */
export function writeContainerRecord(runDirectory: string, record: ContainerRecord): void {
  writeFileSync(join(runDirectory, name), JSON.stringify(record), { mode: 0o600 });
}

/** The record of the container in `runDirectory`, or for an exec's directory of the container it is in; undefined when there is none. */
export function readContainerRecord(runDirectory: string): ContainerRecord | undefined {
  for (const directory of [runDirectory, dirname(runDirectory), dirname(dirname(runDirectory))]) {
    try {
      const record = JSON.parse(readFileSync(join(directory, name), 'utf8')) as ContainerRecord;
      return record.version === 1 ? record : undefined;
    } catch {
      // Missing, or cut short by a crash before the container ran: look further up.
    }
  }
  return undefined;
}
