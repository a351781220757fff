import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ExitRecord } from './contract.ts';

/** The exit record in a run directory, or undefined while there is none. The monitor writes it whole: `exit CODE SIGNAL NANOSECONDS OOM`. */
export function readExitRecord(runDirectory: string): ExitRecord | undefined {
  let text: string;
  try {
    text = readFileSync(join(runDirectory, 'exit'), 'utf8');
  } catch {
    // Missing file or directory: nothing has ended here.
    return undefined;
  }
  const [, code, signal, nanos, oom] = /^exit (\d+) (\d+) (\d+) ([01])\n$/.exec(text) ?? [];
  if (code === undefined || signal === undefined || nanos === undefined) return undefined;
  return {
    exitCode: Number(code),
    signal: signal === '0' ? null : Number(signal),
    finishedAt: new Date(Number(BigInt(nanos) / 1_000_000n)),
    oomKilled: oom === '1',
  };
}

/** For a process whose monitor is gone without a record: Docker's code for what it knows nothing about. */
export function unknownExit(): ExitRecord {
  return { exitCode: 255, signal: null, finishedAt: new Date(), oomKilled: false };
}
