import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, copyFileSync, chmodSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ok } from './command.ts';
import type { TestEngine } from './engine.ts';

const cache = 'build/cache';

/** A tar of a root with busybox and all its applets, made once. */
export async function busyboxTar(): Promise<string> {
  const path = `${cache}/busybox.tar`;
  if (existsSync(path)) return path;
  mkdirSync(cache, { recursive: true });
  const root = mkdtempSync(join(tmpdir(), 'busybox-'));
  try {
    for (const name of ['bin', 'dev', 'etc', 'home', 'proc', 'root', 'sys', 'tmp', 'usr', 'var']) mkdirSync(join(root, name));
    chmodSync(join(root, 'tmp'), 0o1777);
    copyFileSync(Bun.which('busybox') ?? '/bin/busybox', join(root, 'bin/busybox'));
    chmodSync(join(root, 'bin/busybox'), 0o755);
    for (const applet of (await ok(['busybox', '--list'])).split('\n'))
      if (applet !== 'busybox') symlinkSync('busybox', join(root, 'bin', applet));
    await Bun.write(
      join(root, 'etc/passwd'),
      'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/nonexistent:/bin/false\nguest:x:405:100:guest:/home:/bin/sh\n',
    );
    await Bun.write(join(root, 'etc/group'), 'root:x:0:\nusers:x:100:guest\naudio:x:29:guest\nnogroup:x:65534:\n');
    const temporary = `${path}.${process.pid}`;
    await ok(['tar', '-C', root, '--owner=0', '--group=0', '--numeric-owner', '-cf', temporary, '.']);
    renameSync(temporary, path);
  } finally {
    rmSync(root, { recursive: true });
  }
  return path;
}

/** The tar of a real Debian root from the host's package mirror, made once; `include` are more packages. */
export async function debianTar(include: readonly string[] = []): Promise<string> {
  const path = `${cache}/debian${include.map((name) => `-${name}`).join('')}.tar`;
  if (existsSync(path)) return path;
  mkdirSync(cache, { recursive: true });
  const temporary = `${path}.${process.pid}.tar`;
  const suite = /VERSION_CODENAME=(\w+)/.exec(await Bun.file('/etc/os-release').text())?.[1] ?? 'bookworm';
  await ok(
    ['mmdebstrap', '--variant=minbase', '--quiet', ...(include.length > 0 ? [`--include=${include.join(',')}`] : []), suite, temporary],
    { timeout: 400 },
  );
  renameSync(temporary, path);
  return path;
}

/** Imports the busybox root as image `busybox`, with `sh` as its command. */
export async function importBusybox(engine: TestEngine): Promise<void> {
  await engine.dockerOk(['import', '--change', 'CMD ["sh"]', await busyboxTar(), 'busybox:latest']);
}

/** Imports a real Debian as image `debian`. */
export async function importDebian(engine: TestEngine, include: readonly string[] = [], name = 'debian:latest'): Promise<void> {
  await engine.dockerOk(['import', '--change', 'CMD ["bash"]', await debianTar(include), name], { timeout: 180 });
}
