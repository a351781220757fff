/**
 * Times berth beside its peers: every scenario runs in turn on each (A B A B …), and the figure is the ratio of the medians of one run.
 *   bun bench/run.ts [--runs N] [SCENARIO …]      (`make bench` installs the peers and runs all)
 * Method: docs/benchmarks.md. Absolute times mean nothing on a shared machine.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { benchImages, call, Peers, sh, type Engine } from './peers.ts';
import { registryHost, startRegistry } from './registry.ts';
import { launcherScenario } from './launcher/scenario.ts';
import { median } from './median.ts';

const words = process.argv.slice(2);
const runsAt = words.indexOf('--runs');
const runs = runsAt >= 0 ? Number(words.splice(runsAt, 2)[1]) : 20;
const wanted =
  words.length > 0
    ? words
    : ['launcher', 'api-run', 'bridge-run', 'cli-run', 'cli-version', 'cli-ps', 'api-exec', 'memory', 'load', 'pull'];

const goals: Readonly<Record<string, number>> = {
  'api-run': 0.06,
  'bridge-run': 0.1,
  'cli-run': 0.12,
  'cli-version': 1,
  'cli-ps': 1,
  'api-exec': 0.15,
  load: 0.5,
  'pull-one': 0.5,
  'pull-eight': 0.5,
  push: 0.6,
};
const images = await benchImages();
await using peers = new Peers();
await peers.open();
const engines: readonly Engine[] = [await peers.dockerd(), await peers.berth()];
for (const { cli } of engines) {
  await sh(
    `${cli.join(' ')} import --change 'CMD ["sh"]' ${images.busybox} bench/busybox && ${cli.join(' ')} import ${images.debian} bench/debian`,
  );
}

interface Samples {
  readonly [engine: string]: number[];
}

/** Waits, half a second at most, until the machine is idle: what one engine still cleans up must not fall into the other's turn. */
async function quiet(): Promise<void> {
  const ticks = () => (/^cpu +(.*)$/m.exec(readFileSync('/proc/stat', 'utf8'))?.[1] ?? '').split(' ').map(Number);
  for (let round = 0; round < 10; round += 1) {
    const before = ticks();
    await Bun.sleep(50);
    const spent = ticks().map((each, index) => each - before[index]!);
    const idle = (spent[3] ?? 0) + (spent[4] ?? 0);
    if (idle >= 0.9 * spent.reduce((sum, each) => sum + each, 0)) return;
  }
}

/** Times `once` on both engines in turn. */
async function alternate(
  once: (engine: Engine) => Promise<unknown>,
  count = runs,
  prepare?: (engine: Engine) => Promise<unknown>,
): Promise<Samples> {
  const samples: Samples = { dockerd: [], berth: [] };
  for (let round = -1; round < count; round += 1) {
    for (const engine of engines) {
      await prepare?.(engine);
      await quiet();
      const at = performance.now();
      await once(engine);
      if (round >= 0) samples[engine.name]!.push(performance.now() - at);
    }
  }
  return samples;
}

const apiRun =
  (network: string) =>
  async ({ socket }: Engine) => {
    const body = { Image: 'bench/busybox', Cmd: ['true'], HostConfig: { NetworkMode: network } };
    const { Id } = await call(socket, 'POST', '/containers/create', body);
    await call(socket, 'POST', `/containers/${Id}/start`);
    await call(socket, 'POST', `/containers/${Id}/wait`);
    await call(socket, 'DELETE', `/containers/${Id}`);
  };

const command =
  (engine: Engine, ...more: readonly string[]) =>
  async () => {
    const child = Bun.spawn({ cmd: [...engine.cli, ...more], stdin: 'ignore', stdout: 'ignore', stderr: 'ignore' });
    if ((await child.exited) !== 0) throw new Error(`${engine.cli.join(' ')} ${more.join(' ')} failed`);
  };

const scenarios: Readonly<Record<string, () => Promise<void>>> = {
  launcher: async () => await launcherScenario(images.bundle, runs, peers.inside, peers.holder),
  'api-run': async () => show('api-run', 'create + start + wait + remove, network none', await alternate(apiRun('none'))),
  'bridge-run': async () => show('bridge-run', 'create + start + wait + remove, on the default bridge', await alternate(apiRun('bridge'))),
  'cli-run': async () =>
    show(
      'cli-run',
      '`run --rm --network none busybox true`, whole process',
      await alternate((engine) => command(engine, 'run', '--rm', '--network', 'none', 'bench/busybox', 'true')()),
    ),
  'cli-version': async () => show('cli-version', '`version`', await alternate((engine) => command(engine, 'version')(), runs * 2)),
  'cli-ps': async () => show('cli-ps', '`ps`', await alternate((engine) => command(engine, 'ps')(), runs * 2)),
  'api-exec': async () => {
    const ids = new Map<string, string>();
    for (const { name, socket } of engines) {
      const { Id } = await call(socket, 'POST', '/containers/create', {
        Image: 'bench/busybox',
        Cmd: ['sleep', '100000'],
        HostConfig: { NetworkMode: 'none' },
      });
      await call(socket, 'POST', `/containers/${Id}/start`);
      ids.set(name, Id);
    }
    const samples = await alternate(async ({ name, socket }) => {
      const { Id } = await call(socket, 'POST', `/containers/${ids.get(name)}/exec`, { Cmd: ['true'], AttachStdout: true });
      await fetch(`http://engine/v1.41/exec/${Id}/start`, {
        method: 'POST',
        unix: socket,
        body: '{}',
        headers: { 'content-type': 'application/json' },
      }).then((answer) => answer.arrayBuffer());
      const { ExitCode } = await call(socket, 'GET', `/exec/${Id}/json`);
      if (ExitCode !== 0) throw new Error(`exec ended with ${ExitCode}`);
    });
    show('api-exec', 'exec `true` over the API', samples);
    for (const { name, socket } of engines) await call(socket, 'DELETE', `/containers/${ids.get(name)}?force=1`);
  },
  memory: async () => {
    for (const { name, socket } of engines) {
      const before = engineMemory();
      const ids: string[] = [];
      for (let index = 0; index < 50; index += 1) {
        const { Id } = await call(socket, 'POST', '/containers/create', {
          Image: 'bench/busybox',
          Cmd: ['sleep', '100000'],
          HostConfig: { NetworkMode: 'none' },
        });
        await call(socket, 'POST', `/containers/${Id}/start`);
        ids.push(Id);
      }
      await Bun.sleep(2000);
      const after = engineMemory();
      console.log(
        `| memory | ${name}: PSS added per idle container, all engine processes | ${((after - before) / 50 / 1024).toFixed(3)} MB | ${name === 'berth' ? 'goal 0.25 MB' : ''} |`,
      );
      for (const id of ids) await call(socket, 'DELETE', `/containers/${id}?force=1`);
    }
  },
  load: async () => {
    const file = `${peers.root}/debian-saved.tar`;
    await sh(`${engines[0]!.cli.join(' ')} save -o ${file} bench/debian`);
    const samples = await alternate(
      async (engine) => await command(engine, 'load', '-i', file)(),
      Math.min(5, runs),
      async (engine) => await sh(`${engine.cli.join(' ')} rmi -f bench/debian; sync`),
    );
    show('load', `load of ${(Bun.file(file).size / 1e6).toFixed(0)} MB into a store without its layers`, samples);
  },
  pull: pullScenario,
};

// Whole processes of the command line, from a registry on the same machine into a store without the image.
async function pullScenario(): Promise<void> {
  const registry = await startRegistry(peers, images.debian);
  try {
    for (const [name, what] of [
      ['one', 'one layer'],
      ['eight', 'eight layers'],
    ] as const) {
      const image = `${registryHost}/bench/${name}:1`;
      const samples = await alternate(
        async (engine) => await command(engine, 'pull', '-q', image)(),
        Math.min(5, runs),
        async (engine) => await sh(`${engine.cli.join(' ')} rmi -f ${image} 2>/dev/null || true; sync`),
      );
      show(`pull-${name}`, `pull and unpack of a Debian in ${what}`, samples);
    }
    let count = 0;
    const samples = await alternate(
      async (engine) => await command(engine, 'push', '-q', `${registryHost}/push/${engine.name}-${count}:1`)(),
      Math.min(5, runs),
      async (engine) => {
        count += 1;
        // Another layer each time, which the registry does not have.
        await sh(
          `d=$(mktemp -d) && echo ${count}-${engine.name} >$d/x && cp ${images.debian} $d/t.tar && tar -C $d -rf $d/t.tar x && ${engine.cli.join(' ')} import $d/t.tar ${registryHost}/push/${engine.name}-${count}:1; rm -r $d; sync`,
        );
      },
    );
    show('push', 'push of a Debian of one layer', samples);
  } finally {
    registry.kill('SIGTERM');
    await registry.exited;
  }
}

// PSS in kB of all processes outside containers that belong to an engine (by name), ours or the peer's.
function engineMemory(): number {
  let sum = 0;
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const status = readFileSync(`/proc/${pid}/status`, 'utf8');
      if ((/^NSpid:\s*(.*)$/m.exec(status)?.[1] ?? '').trim().split(/\s+/).length > 1) continue;
      if (
        !/berth|launcher|monitor|zygote|dockerd|containerd/.test(
          readFileSync(`/proc/${pid}/comm`, 'utf8') + readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')[0],
        )
      )
        continue;
      sum += Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1] ?? 0);
    } catch {
      // It ended meanwhile.
    }
  }
  return sum;
}

function show(name: string, what: string, samples: Samples): void {
  const [ours, theirs] = [samples['berth'] ?? [], samples['dockerd'] ?? []];
  const ratio = median(ours) / median(theirs);
  const best = Math.min(...ours) / Math.min(...theirs);
  console.log(
    `| ${name} | ${what} | berth ${median(ours).toFixed(1)} ms [${Math.min(...ours).toFixed(1)}], dockerd ${median(theirs).toFixed(1)} ms [${Math.min(...theirs).toFixed(1)}] | ratio ${ratio.toFixed(3)} (of minima ${best.toFixed(3)}), goal ${goals[name] ?? '-'} |`,
  );
}

console.log('| scenario | what | median [min] | ratio |\n|---|---|---|---|');
for (const name of wanted) {
  const scenario = scenarios[name];
  if (scenario === undefined) throw new Error(`No scenario ${name}: ${Object.keys(scenarios).join(' ')}`);
  await scenario();
}
