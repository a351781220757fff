import { expect, test } from 'bun:test';
import { dockerClient } from '../../test/harness/index.ts';
import { main } from './main.ts';
import { testIo } from './test-io.ts';

const docker = dockerClient();
const commands =
  `attach,commit,cp,create,diff,events,exec,export,history,images,import,info,inspect,kill,load,logs,pause,port,ps,pull,rename,restart,rm,rmi,run,save,
start,stats,stop,tag,top,unpause,update,version,wait,container inspect,container ls,container prune,container run,container ps,image history,image inspect,image ls,image prune,
image rm,image load,system df,system events,system info,system prune`
    .split(',')
    .map((words) => words.trim());

test.each(commands)("%s has the docker CLI's usage, aliases and flags", async (words) => {
  const theirs = Bun.spawn([docker, ...words.split(' '), '--help'], { stdout: 'pipe' });
  const io = testIo();
  expect(await main([...words.split(' '), '--help'], io)).toBe(0);
  expect(shape(io.written.stdout)).toEqual(shape((await new Response(theirs.stdout).text()).replaceAll('docker', 'berth')));
});

// What is not prose: the usage, the other names, and the head of each flag, where it starts and where its text does.
function shape(page: string): { usage: string[]; aliases: string[]; flags: string[] } {
  const usage = page.slice(0, page.indexOf('\n\n')).split('\n');
  const aliases = /\nAliases:\n(.*)\n/.exec(page)?.[1]?.trim().split(', ') ?? [];
  const flags = [...page.matchAll(/^ +(?:-\w, )?--[\w-]+(?: [\w-]+)? {3,}/gm)].map(([head]) => head);
  return { usage, aliases, flags: flags.filter((head) => !head.includes('--help ')) };
}

// Not here: `images a b`, where the docker CLI misspells its own hint, and what it asks an engine about first.
const mistakes: readonly string[][] = [
  ['run'],
  ['run', '--foo'],
  ['run', '-Z'],
  ['run', '--name'],
  ['run', '-e'],
  ['run', '--rm=maybe', 'x'],
  ['run', '-m', '5z', 'x'],
  ['run', '--pids-limit', 'x', 'x'],
  ['run', '--pids-limit', '99999999999999999999', 'x'],
  ['run', '--cpus', 'abc', 'x'],
  ['run', '--cpus', '0.0000000001', 'x'],
  ['run', '--ulimit', 'x', 'x'],
  ['run', '--ulimit', 'nofile=5:1', 'x'],
  ['run', '--ulimit', 'foo=5', 'x'],
  ['run', '--mount', 'x', 'x'],
  ['run', '--mount', 'type=bind', 'x'],
  ['run', '--mount', 'type=tmpfs,dst=/x,bind-propagation=shared', 'x'],
  ['run', '--mount', 'type=bind,dst=/x,foo=bar', 'x'],
  ['run', '--expose', 'a', 'x'],
  ['run', '--expose', '1:2', 'x'],
  ['run', '--restart', ':3', 'x'],
  ['run', '--restart', 'on-failure:x', 'x'],
  ['run', '-d', '-a', 'stdin', 'x'],
  ['run', '--rm', '--restart', 'always', 'x'],
  ['run', '--env-file', '/nowhere', 'x'],
  ['run', '--pid', 'foo', 'x'],
  ['run', '--uts', 'foo', 'x'],
  ['run', '--userns', 'foo', 'x'],
  ['run', '--cgroupns', 'foo', 'x'],
  ['run', '--dns', 'x', 'x'],
  ['run', '--dns-search', '_x', 'x'],
  ['run', '--add-host', 'x', 'x'],
  ['run', '--add-host', 'x:y', 'x'],
  ['run', '--link', 'a:b:c', 'x'],
  ['run', '--device-read-bps', 'x', 'x'],
  ['run', '--device-read-bps', '/dev/x:y', 'x'],
  ['run', '--device-read-iops', '/dev/x:y', 'x'],
  ['run', '--blkio-weight-device', '/dev/x:5', 'x'],
  ['run', '--device-cgroup-rule', 'x', 'x'],
  ['run', '--gpus', 'x=y', 'x'],
  ['run', '--gpus', 'a', 'x'],
  ['run', '--log-driver', 'none', '--log-opt', 'a=b', 'x'],
  ['run', '--security-opt', 'foo', 'x'],
  ['run', '--security-opt', 'seccomp=/nowhere', 'x'],
  ['run', '--storage-opt', 'foo', 'x'],
  ['run', '--health-retries', '-1', 'x'],
  ['run', '--health-interval', 'x', 'x'],
  ['run', '--no-healthcheck', '--health-cmd', 'x', 'x'],
  ['run', '--memory-swappiness', '101', 'x'],
  ['run', '--network-alias', 'x', 'x'],
  ['run', '--network', 'bridge', '--network', 'a', 'x'],
  ['run', '--network', 'a', '--network', 'a', 'x'],
  ['run', '--network', 'name=a,foo=b', 'x'],
  ['run', '--mac-address', 'x', 'x'],
  ['run', '--label', '=x', 'x'],
  ['run', '-e', '=x', 'x'],
  ['run', '--attach', 'foo', 'x'],
  ['run', '--sysctl', 'x', 'x'],
  ['run', '-it', 'x'],
  ['run', 'Busybox'],
  ['run', 'bus:y:box'],
  ['create'],
  ['create', '--restart', 'on-failure:x', 'x'],
  ['create', 'Busybox'],
  ['ps', '--foo'],
  ['ps', '-x'],
  ['ps', 'x'],
  ['ps', '--last', 'x'],
  ['ps', '--filter', 'a'],
  ['ps', '--format', '{{.Foo'],
  ['rm'],
  ['tag', 'a'],
  ['tag', 'a', 'b', 'c'],
  ['tag', 'a', 'B'],
  ['rename', 'a'],
  ['exec', 'x'],
  ['port'],
  ['port', 'a', 'b', 'c'],
  ['cp', 'a', 'b'],
  ['cp', 'x:/a', 'y:/b'],
  ['load', '-i', '/nowhere'],
  ['import', '/nowhere'],
  ['events', '--since', 'foo'],
  ['update', 'x'],
  ['inspect', '--type', 'foo', 'x'],
  ['inspect', '-f', '{{.Created', 'x'],
  ['container', 'foo'],
  ['system', 'foo'],
  ['foo'],
  ['--foo'],
  ['-H'],
];

test.each(mistakes)('%s %s %s %s fails as the docker CLI does', async (...argv) => {
  const words = argv.filter((word) => typeof word === 'string');
  const env = { PATH: '/bin', DOCKER_HOST: 'unix:///nowhere/engine.sock' };
  const theirs = Bun.spawn([docker, ...words], { env, stdin: 'ignore', stdout: 'pipe', stderr: 'pipe' });
  const [stdout, stderr, exitCode] = await Promise.all([
    new Response(theirs.stdout).text(),
    new Response(theirs.stderr).text(),
    theirs.exited,
  ]);
  const io = testIo(env);
  const ours = await main(words, io);
  expect({ exitCode: ours, ...io.written }).toEqual({
    exitCode,
    stdout,
    stderr: stderr.replaceAll('docker', 'berth').replaceAll('a berth daemon', 'a docker daemon'),
  });
});

test('an engine that does not answer is told how to be started', async () => {
  const io = testIo({ BERTH_HOST: 'unix:///nowhere/engine.sock', DOCKER_HOST: 'unix:///elsewhere' });
  expect(await main(['ps'], io)).toBe(1);
  expect(io.written.stderr).toBe(
    'Cannot connect to the berth engine at unix:///nowhere/engine.sock. Is it running? Start it with: berth system start\n',
  );
  const run = testIo();
  expect(await main(['-H', 'unix:///nowhere/x.sock', 'run', 'x'], run)).toBe(125);
  expect(run.written.stderr).toBe(
    "berth: Cannot connect to the berth engine at unix:///nowhere/x.sock. Is it running? Start it with: berth system start\n\nRun 'berth run --help' for more information\n",
  );
});

// In words of our own: the docker CLI's changed between 28.2 and 28.5.
test.each(['99999:1', 'a:1', '1-3:1-2', '1/foo'])('run -p %s is refused', async (port) => {
  const io = testIo({ PATH: '/bin' });
  expect(await main(['run', '-p', port, 'x'], io)).toBe(125);
  expect(io.written.stderr).toMatch(/port|proto/i);
});
