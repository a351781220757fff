import { spawnSync } from 'node:child_process';

/**
 * The real docker client to compare with, of version 28 (its words differ from major to major). `tools/install.sh test` brings one where the machine has
 * none; `tools/test.ts` puts it first in PATH. @throws when there is none.
 */
export function dockerClient(): string {
  const path = Bun.which('docker');
  const version = path === null ? 'no docker client' : spawnSync(path, ['--version'], { encoding: 'utf8' }).stdout;
  if (path === null || !/ version 28\./.test(version))
    throw new Error(`A docker client of version 28 is needed, found: ${version}; run \`make test\``);
  return path;
}
