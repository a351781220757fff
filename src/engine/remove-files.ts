import { readdirSync, rmdirSync, rmSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Removes a directory of a few files. One call for each: `rmSync` with `recursive` now and then takes milliseconds for the same. What is not there
 * is no error.
 */
export function removeFiles(directory: string): void {
  try {
    for (const name of readdirSync(directory)) unlinkSync(join(directory, name));
    rmdirSync(directory);
  } catch {
    // Missing, or with directories in it (the local log driver's).
    rmSync(directory, { recursive: true, force: true });
  }
}
