import { afterAll, beforeAll, expect, test } from 'bun:test';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fakeEngine } from './fake-engine.ts';
import { dockerClient } from '../../test/harness/index.ts';
import { main } from './main.ts';
import { testIo } from './test-io.ts';

// Each line is the command line of `create` without the image; the real docker CLI and ours must ask the same of the engine.
const lines = `

-it
-i
-t
-a stdin -a STDOUT
-a stderr -i
--name x --hostname h --domainname d --user 1:2 --workdir /w
--entrypoint /bin/sh
--entrypoint=
-e A=1 -e B -e C= -e PATH
--env-file ENVFILE -e Z=1
-l a=b -l c -l d=e=f --label-file LABELFILE
--annotation a=b --annotation c=d
--group-add 5 --group-add video
--init
--init=false
--stop-signal INT --stop-timeout 3
--stop-timeout 0
--rm
--restart always
--restart on-failure
--restart on-failure:3
--restart unless-stopped
--pid host --uts host --ipc host --userns host --cgroupns host
--pid container:x --ipc container:x --network container:x
--ipc none --cgroupns private
--network host
--network none
--network bridge
--network mynet --network-alias a --network-alias b --ip 10.0.0.3 --ip6 fd00::1 --mac-address 02:42:ac:11:00:02
--network name=n1,alias=q,alias=r,ip=1.2.3.4,ip6=::1,mac-address=02:42:ac:11:00:02,link-local-ip=169.254.1.1,driver-opt=a=b,gw-priority=5 --network n2
--network n --link a:b --link c
--link a:b --link-local-ip 169.254.1.2
-p 80
-p 8080:80 -p 127.0.0.1:53:53/udp -p [::1]:90:90 -p 1000-1002:2000-2002/tcp
-p 8000-8010:80
-p published=8081,target=81,protocol=udp -P
-p :80 -p 127.0.0.1::81
--expose 80 --expose 90-92/udp --expose 7/sctp
--dns 1.1.1.1 --dns-search example.com --dns-opt ndots:2 --dns-option x --dns-search .
--add-host a:1.2.3.4 --add-host b=::1 --add-host c:host-gateway --add-host d:[::2]
-v /v
-v /a:/b -v name:/c:ro -v /x:/y:rw,z -v /q:/r:rslave
-v ./rel:/b -v x:/b
--mount type=bind,source=/a,target=/b,readonly,bind-propagation=rslave
--mount type=volume,src=v,dst=/d,volume-opt=a=b,volume-driver=dr,volume-label=x=y,volume-nocopy,volume-subpath=s
--mount type=tmpfs,dst=/t,tmpfs-size=1m,tmpfs-mode=1770
--mount type=bind,src=/a,dst=/b,bind-recursive=disabled --mount type=bind,src=/a,dst=/c,ro,bind-recursive=writable
--mount type=bind,src=/a,dst=/b,ro=true,bind-propagation=rprivate,bind-recursive=readonly,consistency=cached
--mount type=image,src=busybox,dst=/i,image-subpath=bin
--mount dst=/anon
--volumes-from a --volumes-from b:ro --volume-driver local
--tmpfs /t --tmpfs /u:size=1m,mode=700
--read-only --shm-size 64m --storage-opt size=10G
--cpus 1.5 -c 512 --cpu-period 100000 --cpu-quota 5000 --cpuset-cpus 0-1 --cpuset-mems 0 --cgroup-parent /x
--cpu-rt-period 1000 --cpu-rt-runtime 500
-m 512m --memory-reservation 100MB --memory-swap 1g --memory-swappiness 10
--memory-swap -1 --oom-kill-disable --oom-score-adj -500 --pids-limit 100
--pids-limit -1 --memory 1024 --kernel-memory 10m
--blkio-weight 300 --blkio-weight-device /dev/sda:200 --device-read-bps /dev/sda:1mb --device-write-bps /dev/sda:2k --device-read-iops /dev/sda:10 --device-write-iops /dev/sda:20
--device /dev/null --device /dev/zero:/dev/z --device /dev/full:/dev/f:r --device /dev/tty:rw
--device vendor.com/class=name --device-cgroup-rule "c 1:3 rwm"
--gpus all
--gpus 2
--gpus '"device=0,1"'
--gpus 'driver=nvidia,"capabilities=compute,utility",count=2'
--ulimit nofile=1024:2048 --ulimit core=-1 --ulimit nproc=10
--sysctl net.ipv4.ip_forward=1 --sysctl kernel.shmmax=5
--cap-add NET_ADMIN --cap-add SYS_TIME --cap-drop ALL --privileged
--security-opt no-new-privileges --security-opt apparmor=unconfined --security-opt label:disable --security-opt seccomp=unconfined
--security-opt systempaths=unconfined --security-opt seccomp=SECCOMPFILE
--runtime runc --isolation default --log-driver json-file --log-opt max-size=1m --log-opt max-file=3
--log-driver none
--health-cmd "curl -f http://x" --health-interval 5s --health-timeout 1m30s --health-retries 3 --health-start-period 2s --health-start-interval 500ms
--health-retries 2
--no-healthcheck
--platform linux/amd64`.split('\n');

const docker = dockerClient();
const folder = mkdtempSync(join(tmpdir(), 'berth-create-body-'));
const files = {
  ENVFILE: '# comment\nF=1\nG\nPATH\n\n  H=2 \n',
  LABELFILE: 'x=1\n# no\ny\n',
  SECCOMPFILE: '{ "defaultAction":\n "SCMP_ACT_ALLOW" }',
};

beforeAll(() => {
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test.each(lines)('create %s asks what the docker CLI asks', async (line) => {
  const words = splitWords(line.replace(/[A-Z]+FILE/g, (name) => join(folder, name)));
  const argv = ['create', ...words, 'busybox', 'a', '--b'];
  await using engine = fakeEngine(({ path }) =>
    path === '/containers/create' ? Response.json({ Id: 'abc', Warnings: [] }, { status: 201 }) : undefined,
  );
  const env = { PATH: '/bin', HOME: folder, DOCKER_HOST: engine.host };
  const theirs = Bun.spawn([docker, ...argv], { env, stdout: 'pipe', stderr: 'pipe' });
  const shown = await new Response(theirs.stderr).text();
  expect([await theirs.exited, shown]).toEqual([0, '']);
  const io = testIo(env);
  expect([await main(argv, io), io.written.stderr]).toEqual([0, '']);
  const [first, second] = engine.asked;
  expect(ordered(second!.body)).toEqual(ordered(first!.body));
  expect(second!.query.toString()).toBe(first!.query.toString());
});

// Docker keeps these in maps, so their order means nothing.
function ordered(text: string): unknown {
  const body = JSON.parse(text) as { Env: string[] | null; HostConfig: { Binds: string[] | null; Ulimits: Array<{ Name: string }> } };
  body.Env?.sort();
  body.HostConfig.Binds?.sort();
  body.HostConfig.Ulimits.sort((left, right) => (left.Name < right.Name ? -1 : 1));
  return body;
}

function splitWords(line: string): string[] {
  return [...line.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)].map((match) => match[1] ?? match[2] ?? match[3]!);
}
