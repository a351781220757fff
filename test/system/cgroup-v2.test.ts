import { expect, test } from 'bun:test';
import { busyboxTar, ok } from '../harness/index.ts';
import { runInGuest } from '../harness/guest.ts';

/** The same engine on a machine with cgroup v2 alone: Debian's own kernel in a guest. */
const script = `
export PATH=/bin:/sbin
berth daemon --data-root /var/lib/berth --exec-root /run/berth --host unix:///run/berth.sock --pidfile /run/berth.pid 2>/tmp/log &
i=0; while ! grep -q 'API listen on' /tmp/log && [ $i -lt 500 ]; do i=$((i+1)); usleep 20000; done
export BERTH_HOST=unix:///run/berth.sock
berth import -c 'CMD ["sh"]' /busybox.tar busybox >/dev/null || cat /tmp/log
echo; echo "version: $(berth info -f '{{.CgroupVersion}} {{.CgroupDriver}}')"
berth run -d --name limited -m 64m --memory-reservation 32m --memory-swap 96m --cpus 0.5 -c 512 --pids-limit 33 --cpuset-cpus 0 --blkio-weight 300 busybox sleep 1000 >/dev/null
pid=$(berth inspect -f '{{.State.Pid}}' limited)
id=$(berth inspect -f '{{.Id}}' limited)
path=$(cut -d: -f3 /proc/$pid/cgroup)
case $path in *$id*) echo "path: has the id";; *) echo "path: $path";; esac
for f in memory.max memory.low memory.swap.max cpu.max cpu.weight pids.max cpuset.cpus; do echo "$f: $(cat /sys/fs/cgroup$path/$f)"; done
echo "cgroup namespace: $(berth exec limited cat /proc/self/cgroup)"
berth pause limited >/dev/null; echo "frozen: $(grep frozen /sys/fs/cgroup$path/cgroup.events)"; berth unpause limited >/dev/null
berth update -m 80m --memory-swap 100m limited >/dev/null; echo "updated: $(cat /sys/fs/cgroup$path/memory.max)"
echo "null: $(berth exec limited sh -c 'echo x > /dev/null && echo allowed')"
echo "kmsg: $(berth exec limited sh -c 'mknod /k c 1 11 && cat /k | head -c 1 || echo refused' 2>&1 | tail -n 1)"
mkdir /sys/fs/cgroup$path/inner; echo $pid > /sys/fs/cgroup$path/inner/cgroup.procs; echo +pids > /sys/fs/cgroup$path/cgroup.subtree_control
echo "nested: $(berth exec limited cat /proc/self/cgroup 2>&1)"
berth rm -f limited >/dev/null
berth run --name hog -m 32m busybox sh -c 'x=$(head -c 200m /dev/zero | tr "\\\\0" x)' >/dev/null 2>&1
echo "hog: $? $(berth inspect -f '{{.State.OOMKilled}}' hog)"
berth run --rm --pids-limit 20 busybox sh -c 'i=0; while [ $i -lt 60 ]; do sleep 5 & i=$((i+1)); done' >/tmp/bomb 2>&1; grep -qE "can't fork|unavailable" /tmp/bomb && echo "bomb: stopped"
berth run -d --name survivor busybox sleep 1000 >/dev/null
kill -9 $(cat /run/berth.pid); : > /tmp/log
berth daemon --data-root /var/lib/berth --exec-root /run/berth --host unix:///run/berth.sock --pidfile /run/berth.pid 2>/tmp/log &
i=0; while ! grep -q 'API listen on' /tmp/log && [ $i -lt 500 ]; do i=$((i+1)); usleep 20000; done
echo "survivor: $(berth inspect -f '{{.State.Status}}' survivor)"
berth rm -f survivor hog >/dev/null
i=0; while [ -n "$(find /sys/fs/cgroup -type d -name '????????????????????????????????????????????????????????????????')" ] && [ $i -lt 100 ]; do i=$((i+1)); usleep 50000; done
echo "left: $(find /sys/fs/cgroup -type d -name '????????????????????????????????????????????????????????????????' | wc -l)"
`;

test('a cgroup v2 machine: limits, freezer, device filter, OOM, recovery', async () => {
  const libraries = (await ok(['ldd', 'dist/berth'])).split('\n').flatMap((line) => /(\/\S+)/.exec(line)?.[1] ?? []);
  const files = {
    'bin/berth': 'dist/berth',
    'busybox.tar': await busyboxTar(),
    ...Object.fromEntries(libraries.map((path) => [path.slice(1), path])),
  };
  const said = await runInGuest(script, files);
  const fact = (name: string) => new RegExp(`^${name.replaceAll('.', '\\.')}: (.*)$`, 'm').exec(said)?.[1];
  const facts = Object.fromEntries(
    [
      'version',
      'path',
      'memory.max',
      'memory.low',
      'memory.swap.max',
      'cpu.max',
      'pids.max',
      'cpuset.cpus',
      'cgroup namespace',
      'frozen',
      'updated',
      'null',
      'kmsg',
      'nested',
      'hog',
      'bomb',
      'survivor',
      'left',
    ].map((name) => [name, fact(name)]),
  );
  expect(facts).toEqual({
    version: '2 cgroupfs',
    path: 'has the id',
    'memory.max': String(64 << 20),
    'memory.low': String(32 << 20),
    'memory.swap.max': String(32 << 20),
    'cpu.max': '50000 100000',
    'pids.max': '33',
    'cpuset.cpus': '0',
    'cgroup namespace': '0::/',
    frozen: 'frozen 1',
    updated: String(80 << 20),
    null: 'allowed',
    kmsg: expect.stringMatching(/refused|not permitted/i),
    nested: '0::/inner',
    hog: '137 true',
    bomb: 'stopped',
    survivor: 'running',
    left: '0',
  });
}, 400_000);
