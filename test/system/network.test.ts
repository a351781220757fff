import { afterAll, beforeAll, expect, test } from 'bun:test';
import { eventually, importBusybox, startEngine, type TestEngine } from '../harness/index.ts';

let engine: TestEngine;

beforeAll(async () => {
  engine = await startEngine();
  await importBusybox(engine);
}, 120_000);

afterAll(async () => {
  await engine.api('POST', '/networks/prune');
  await engine[Symbol.asyncDispose]();
}, 120_000);

const seconds = 60_000;
const server = ['busybox', 'nc', '-ll', '-p', '80', '-e', 'echo', 'served'];
const read = (host: string, port: number) => ['busybox', 'nc', '-w', '3', host, String(port)];

async function addressOf(name: string, network = 'bridge'): Promise<string> {
  return await engine.dockerOk(['inspect', '-f', `{{(index .NetworkSettings.Networks "${network}").IPAddress}}`, name]);
}

test(
  'containers of the default network reach each other and the host',
  async () => {
    await engine.dockerOk(['run', '-d', '--name', 'web', 'busybox', ...server]);
    const address = await addressOf('web');
    expect(address).toMatch(/^172\.\d+\.0\.2$/);
    expect(
      await eventually('an answer', async () => (await engine.dockerOk(['run', '--rm', 'busybox', ...read(address, 80)])) || false),
    ).toBe('served');
    const gateway = await engine.dockerOk(['inspect', '-f', '{{.NetworkSettings.Gateway}}', 'web']);
    expect(await engine.dockerOk(['run', '--rm', 'busybox', 'ping', '-c', '1', '-W', '3', gateway])).toContain('1 packets received');
    expect(await engine.dockerOk(['exec', 'web', 'cat', '/etc/hosts'])).toContain(`${address}\t`);
    expect(await engine.dockerOk(['exec', 'web', 'cat', '/sys/class/net/eth0/address'])).toMatch(/^02:42:ac:/);
    const bridge = JSON.parse(await engine.dockerOk(['network', 'inspect', 'bridge'])) as ReadonlyArray<{ Containers: object }>;
    expect(Object.keys(bridge[0]!.Containers)).toHaveLength(1);
    await engine.dockerOk(['rm', '-f', 'web']);
  },
  seconds,
);

test(
  'published ports are reached through every address of the host, from containers too',
  async () => {
    await engine.dockerOk(['run', '-d', '--name', 'web', '-p', '8080:80', '-p', '127.0.0.1:8081:80', 'busybox', ...server]);
    const gateway = await engine.dockerOk(['inspect', '-f', '{{.NetworkSettings.Gateway}}', 'web']);
    for (const [host, port] of [
      ['127.0.0.1', 8080],
      ['127.0.0.1', 8081],
      [gateway, 8080],
    ] as const) {
      expect((await engine.onNetwork(read(host, port))).stdout.trim()).toBe('served');
    }
    expect((await engine.onNetwork(read(gateway, 8081))).stdout).toBe('');
    expect(await engine.dockerOk(['run', '--rm', 'busybox', ...read(gateway, 8080)])).toBe('served');
    expect(await engine.dockerOk(['exec', 'web', ...read(gateway, 8080)])).toBe('served');
    expect(await engine.dockerOk(['port', 'web'])).toBe('80/tcp -> 0.0.0.0:8080\n80/tcp -> 127.0.0.1:8081');
    expect(await engine.dockerOk(['ps', '--format', '{{.Ports}}'])).toBe('0.0.0.0:8080->80/tcp, 127.0.0.1:8081->80/tcp');
    const taken = await engine.docker(['run', '--rm', '-p', '8080:80', 'busybox', 'true']);
    expect(taken.code).toBe(125);
    expect(taken.stderr).toContain('Bind for 0.0.0.0:8080 failed: port is already allocated');
    expect((await engine.onNetwork(['busybox', 'nc', '-l', '-p', '8080', '-w', '1'])).stderr).toContain('Address already in use');
    await engine.onNetwork(['nft', 'flush', 'ruleset']);
    expect(
      await eventually('the rules are back', async () => (await engine.onNetwork(read('127.0.0.1', 8080))).stdout.trim() || false),
    ).toBe('served');
    await engine.dockerOk(['rm', '-f', 'web']);
    expect(await engine.dockerOk(['run', '--rm', '-p', '8080:80', 'busybox', 'echo', 'free again'])).toBe('free again');
  },
  seconds,
);

test(
  'networks of ones own: addresses, isolation, live connect and disconnect',
  async () => {
    await engine.dockerOk(['network', 'create', '--subnet', '10.77.0.0/24', '--gateway', '10.77.0.9', '--label', 'a=b', 'one']);
    await engine.dockerOk(['network', 'create', '--internal', 'two']);
    expect(await engine.dockerOk(['network', 'ls', '-q', '--filter', 'label=a=b', '--format', '{{.Name}}'])).toBe('one');
    await engine.dockerOk(['run', '-d', '--name', 'aa', '--network', 'one', '--ip', '10.77.0.50', 'busybox', ...server]);
    await engine.dockerOk(['run', '-d', '--name', 'bb', '--network', 'two', 'busybox', 'sleep', '600']);
    expect(await addressOf('aa', 'one')).toBe('10.77.0.50');
    expect((await engine.docker(['exec', 'bb', ...read('10.77.0.50', 80)])).code).not.toBe(0);
    expect((await engine.docker(['run', '--rm', 'busybox', ...read('10.77.0.50', 80)])).stdout).toBe('');
    await engine.dockerOk(['network', 'connect', 'one', 'bb']);
    expect(await engine.dockerOk(['exec', 'bb', ...read('10.77.0.50', 80)])).toBe('served');
    expect(await engine.dockerOk(['exec', 'bb', 'ls', '/sys/class/net'])).toContain('eth0');
    expect((await engine.docker(['network', 'connect', 'one', 'bb'])).stderr).toContain('already exists in network one');
    await engine.dockerOk(['network', 'disconnect', 'one', 'bb']);
    expect((await engine.docker(['exec', 'bb', ...read('10.77.0.50', 80)])).stdout).toBe('');
    expect((await engine.docker(['network', 'rm', 'one'])).stderr).toContain('network one has active endpoints (name:"aa"');
    expect((await engine.docker(['network', 'create', '--subnet', '10.77.0.128/25', 'three'])).stderr).toContain('Pool overlaps');
    expect((await engine.docker(['network', 'create', 'one'])).stderr).toContain('network with name one already exists');
    expect((await engine.docker(['network', 'rm', 'bridge'])).stderr).toContain('pre-defined network');
    const two = await engine.dockerOk([
      'run',
      '--rm',
      '--network',
      'two',
      '--network',
      'one',
      'busybox',
      'sh',
      '-c',
      'ip -4 -o addr show dev eth1; ip route',
    ]);
    expect(two).toContain('10.77.0.');
    expect(two).toContain('default via 10.77.0.9 dev eth1');
    await engine.dockerOk(['rm', '-f', 'aa', 'bb']);
    expect(await engine.dockerOk(['network', 'rm', 'one', 'two'])).toBe('one\ntwo');
  },
  seconds,
);

test(
  'names: containers of a network find each other by name, alias and address',
  async () => {
    await engine.dockerOk(['network', 'create', 'named']);
    await engine.dockerOk(['run', '-d', '--name', 'web', '--network', 'named', '--network-alias', 'shop', 'busybox', ...server]);
    const address = await addressOf('web', 'named');
    const ask = (...words: readonly string[]) => engine.docker(['run', '--rm', '--network', 'named', 'busybox', ...words]);
    for (const name of ['web', 'shop', 'WEB', 'web.named'])
      expect((await ask('nslookup', '-type=a', name)).stdout).toContain(`Address: ${address}`);
    expect((await ask('nslookup', address)).stdout).toContain('web.named');
    expect((await ask(...read('web', 80))).stdout.trim()).toBe('served');
    expect((await ask('cat', '/etc/resolv.conf')).stdout).toContain('nameserver 127.0.0.11');
    expect((await engine.docker(['run', '--rm', 'busybox', ...read('web', 80)])).code).not.toBe(0);
    await engine.kill();
    await engine.start();
    expect(await engine.dockerOk(['exec', 'web', 'nslookup', '-type=a', 'shop'])).toContain(`Address: ${address}`);
    await engine.dockerOk(['rm', '-f', 'web']);
    await engine.dockerOk(['network', 'rm', 'named']);
  },
  seconds,
);

test(
  'berth network says and does what docker network does',
  async () => {
    const words = [
      'network',
      'create',
      '--subnet',
      '10.78.0.0/24',
      '--ip-range',
      '10.78.0.128/25',
      '--gateway',
      '10.78.0.1',
      '-o',
      'a=b',
      'mine',
    ];
    expect(await engine.berthOk(words)).toMatch(/^[0-9a-f]{64}$/);
    for (const form of [
      ['ls'],
      ['ls', '--no-trunc'],
      ['ls', '--format', '{{.Name}} {{.IPv6}}'],
      ['inspect', 'mine'],
      ['inspect', '-f', '{{(index .IPAM.Config 0).Subnet}} {{json .Options}}', 'mine'],
    ]) {
      expect(await engine.berthOk(['network', ...form])).toBe(await engine.dockerOk(['network', ...form]));
    }
    await engine.berthOk(['run', '-d', '--name', 'cc', '-p', '80', 'busybox', 'sleep', '600']);
    await engine.berthOk(['network', 'connect', '--ip', '10.78.0.200', 'mine', 'cc']);
    expect(await addressOf('cc', 'mine')).toBe('10.78.0.200');
    expect(await engine.berthOk(['port', 'cc', '80'])).toMatch(/^0\.0\.0\.0:\d{5}$/);
    await engine.berthOk(['network', 'disconnect', 'mine', 'cc']);
    await engine.berthOk(['rm', '-f', 'cc']);
    expect(await engine.berthOk(['network', 'prune', '-f'])).toBe('Deleted Networks:\nmine');
    const refused = await engine.berth(['network', 'rm', 'nope']);
    expect([refused.code, refused.stderr]).toEqual([1, 'Error response from daemon: network nope not found\n']);
  },
  seconds,
);

test(
  'traffic goes on while the engine is killed, and it knows everything after it',
  async () => {
    await engine.dockerOk(['run', '-d', '--name', 'web', '-p', '8080:80', 'busybox', ...server]);
    const address = await addressOf('web');
    const client = engine.dockerOk(['exec', 'web', 'true']);
    await client;
    await engine.kill();
    await engine.start();
    expect(await addressOf('web')).toBe(address);
    expect(await engine.dockerOk(['port', 'web'])).toBe('80/tcp -> 0.0.0.0:8080');
    expect(await engine.dockerOk(['run', '--rm', 'busybox', 'sh', '-c', 'ip -4 -o addr show dev eth0'])).not.toContain(`${address}/`);
    await engine.dockerOk(['rm', '-f', 'web']);
  },
  seconds,
);
