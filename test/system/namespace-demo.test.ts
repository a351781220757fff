import { expect, test } from 'bun:test';
import { readFileSync, readlinkSync } from 'node:fs';
import { importDebian, ok, startEngine, TerminalSession } from '../harness/index.ts';

/** What a student types to see how isolation works; word for word, with the unchanged docker client. */
test('the namespaces of a container are not those of the shell, and its id is in its cgroup path', async () => {
  await using engine = await startEngine();
  await importDebian(engine);
  await using terminal = new TerminalSession(
    ['docker', 'run', '-it', '--name', 'namespace-demo', '--rm', 'debian', 'bash'],
    engine.environment,
    { rows: 24, columns: 80 },
  );
  await terminal.shows('# ');

  const pid = await engine.dockerOk(['inspect', '-f', '{{.State.Pid}}', 'namespace-demo']);
  const id = await engine.dockerOk(['inspect', '-f', '{{.Id}}', 'namespace-demo']);
  const listed = await ok(['ls', '-l', `/proc/${pid}/ns`]);
  for (const kind of ['mnt', 'pid', 'uts', 'ipc', 'net', 'cgroup']) {
    const inside = readlinkSync(`/proc/${pid}/ns/${kind}`);
    expect(listed).toContain(inside);
    // On a host with cgroup v1 Docker leaves the cgroup namespace to the host's, unless told.
    if (kind !== 'cgroup') expect(inside).not.toBe(readlinkSync(`/proc/self/ns/${kind}`));
  }
  const links = await ok(['nsenter', '-t', pid, '-n', 'ls', '/sys/class/net']).catch(() => '');
  expect(await ok(['nsenter', '-t', pid, '-n', 'cat', '/proc/net/dev'])).toContain('lo:');
  expect(links).not.toContain('docker0');
  for (const line of readFileSync(`/proc/${pid}/cgroup`, 'utf8').trim().split('\n')) {
    const [hierarchy, controllers, path] = line.split(':');
    if (hierarchy !== '0' && controllers !== '' && !controllers!.startsWith('name='))
      expect([controllers, path!.includes(id)]).toEqual([controllers!, true]);
  }
  terminal.type('echo "pid $$ on $(hostname)"\r');
  await terminal.shows(`pid 1 on ${id.slice(0, 12)}`);
  terminal.type('exit\r');
  expect(await terminal.exited).toBe(0);
  expect(await engine.dockerOk(['ps', '-aq'])).toBe('');
}, 600_000);
