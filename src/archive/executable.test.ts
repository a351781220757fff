import { expect, test } from 'bun:test';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

// Worker threads of a compiled executable start from an entry point embedded beside the main one, under a name that depends on
// `--root`: a probe stands in for the main one, built with the flags of tools/build.sh.
test('threads start in a compiled executable, wherever it stands', async () => {
  const src = join(import.meta.dir, '..');
  const folder = mkdtempSync(join(tmpdir(), 'berth-compiled-'));
  try {
    const probe = join(folder, 'probe.ts');
    writeFileSync(
      probe,
      `import { openRootWorkers, writeTar } from ${JSON.stringify(join(src, 'archive/index.ts'))};
const { signal } = new AbortController();
async function main() {
  const workers = openRootWorkers();
  const tar = writeTar([{ header: { type: 'file', name: 'dir/made' }, body: new Uint8Array([111, 107]) }], { signal });
  const applied = await workers.applyTar(process.argv[2] ?? '', tar, { signal, whiteouts: 'bottom' });
  process.stdout.write(String(applied.size));
  await workers[Symbol.asyncDispose]();
}
void main();
`,
    );
    const executable = join(folder, 'probe');
    const build = Bun.spawnSync({
      cmd: [
        process.execPath,
        'build',
        '--compile',
        '--bytecode',
        '--minify',
        '--root',
        src,
        probe,
        join(src, 'archive/root-worker.ts'),
        '--outfile',
        executable,
      ],
      stdout: 'ignore',
      stderr: 'pipe',
    });
    expect(build.exitCode).toBe(0);
    const root = join(folder, 'root');
    mkdirSync(root);
    const run = Bun.spawnSync({ cmd: [executable, root], cwd: '/', stdout: 'pipe', stderr: 'pipe', timeout: 60_000 });
    expect([run.exitCode, run.stdout.toString(), run.stderr.toString()]).toEqual([0, '2', '']);
    expect(readFileSync(join(root, 'dir/made'), 'utf8')).toBe('ok');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}, 120_000);
