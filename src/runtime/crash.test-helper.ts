import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { newId, silentLog } from '../base/index.ts';
import type { RuntimeSpec } from '../spec/index.ts';
import { createRuntime } from './index.ts';

// An engine to be killed: starts what argv[2] (JSON) says, writes their ids, and then does nothing.
const { launcher, directory, cgroupParent, containers } = JSON.parse(process.argv[2] ?? '') as {
  readonly launcher: string;
  readonly directory: string;
  readonly cgroupParent: string;
  readonly containers: ReadonlyArray<{ readonly spec: RuntimeSpec; readonly terminal: boolean }>;
};
const runtime = createRuntime({ launcher, cgroupParent, log: silentLog });
const started: Array<{ readonly id: string; readonly runDirectory: string; readonly pid: number }> = [];
for (const { spec, terminal } of containers) {
  const id = newId();
  const runDirectory = join(directory, id);
  mkdirSync(runDirectory);
  const stdio = { kind: terminal ? 'terminal' : 'pipes', stdin: true } as const;
  const { pid } = await runtime.start({ id, runDirectory, spec, stdio }, { signal: new AbortController().signal });
  started.push({ id, runDirectory, pid });
}
writeFileSync(1, `${JSON.stringify(started)}\n`);
await new Promise(() => setInterval(() => undefined, 1000));
