/**
 * Many containers at once, and much output: berth beside dockerd, one after the other, ratios of one run.
 *   bun bench/scale.ts [SCENARIO …]
 */
import { readFileSync } from 'node:fs';
import { median } from './median.ts';
import { benchImages, call, Peers, sh, type Engine } from './peers.ts';

const wanted = process.argv.slice(2);
const images = await benchImages();
await using peers = new Peers();
await peers.open();
const engines: readonly Engine[] = [await peers.dockerd(), await peers.berth()];
for (const { cli } of engines) await sh(`${cli.join(' ')} import --change 'CMD ["sh"]' ${images.busybox} bench/busybox`);

const body = (...words: readonly string[]) => ({ Image: 'bench/busybox', Cmd: words, HostConfig: { NetworkMode: 'none' } });
const create = async (socket: string, ...words: readonly string[]): Promise<string> =>
  (await call(socket, 'POST', '/containers/create', body(...words))).Id;

/** Runs `work` `count` times by `workers` at once. */
async function many<T>(count: number, workers: number, work: (index: number) => Promise<T>): Promise<T[]> {
  const results: T[] = [];
  let next = 0;
  await Promise.all(
    Array.from({ length: workers }, async () => {
      for (let index = next++; index < count; index = next++) results[index] = await work(index);
    }),
  );
  return results;
}

async function clean({ socket }: Engine): Promise<void> {
  const list = (await call(socket, 'GET', '/containers/json?all=1')) as ReadonlyArray<{ readonly Id: string }>;
  await many(list.length, 8, async (index) => await call(socket, 'DELETE', `/containers/${list[index]!.Id}?force=1`));
}

const timed = async (work: () => Promise<unknown>): Promise<number> => {
  const at = performance.now();
  await work();
  return performance.now() - at;
};

const command = async (engine: Engine, ...words: readonly string[]): Promise<void> => {
  const child = Bun.spawn({ cmd: [...engine.cli, ...words], stdin: 'ignore', stdout: 'ignore', stderr: 'ignore' });
  if ((await child.exited) !== 0) throw new Error(`${engine.cli.join(' ')} ${words.join(' ')} failed`);
};

// Seconds of CPU of the engine's own process and, for dockerd, of containerd and the shims: all that is not in a container.
function cpuSeconds(pids: readonly number[]): number {
  let ticks = 0;
  for (const pid of pids) {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
    ticks += Number(fields[11]) + Number(fields[12]);
  }
  return ticks / 100;
}

async function treeOf(pid: number): Promise<readonly number[]> {
  const children = (await sh(`cat /proc/${pid}/task/*/children`)).split(/\s+/).filter(Boolean).map(Number);
  return [pid, ...(await Promise.all(children.map(treeOf))).flat()];
}

const rows: string[] = [];
function show(name: string, what: string, values: Readonly<Record<string, number>>, unit: string, goal: string): void {
  const ratio = (values['berth'] ?? NaN) / (values['dockerd'] ?? NaN);
  rows.push(
    `| ${name} | ${what} | berth ${values['berth']?.toFixed(1)} ${unit}, dockerd ${values['dockerd']?.toFixed(1)} ${unit} | ratio ${ratio.toFixed(3)}, goal ${goal} |`,
  );
  console.log(rows.at(-1));
}

async function onEach(measure: (engine: Engine) => Promise<number>): Promise<Record<string, number>> {
  const values: Record<string, number> = {};
  for (const engine of engines) {
    values[engine.name] = await measure(engine);
    await clean(engine);
  }
  return values;
}

const lines = 'yes 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde | head -c';

const tails: Record<string, number> = {};

const scenarios: Readonly<Record<string, () => Promise<void>>> = {
  'ps-1000': async () => {
    const values = await onEach(async (engine) => {
      await many(1000, 8, async () => await create(engine.socket, 'true'));
      const times: number[] = [];
      for (let round = 0; round < 12; round += 1) times.push(await timed(() => command(engine, 'ps', '-a')));
      return median(times.slice(2));
    });
    show('ps-1000', '`ps -a` with 1,000 containers, whole process', values, 'ms', '0.3');
  },
  'starts-200': async () => {
    const values = await onEach(async ({ socket }) => {
      const ms = await timed(() =>
        many(200, 8, async () => {
          const id = await create(socket, 'sleep', '100000');
          await call(socket, 'POST', `/containers/${id}/start`);
        }),
      );
      return 200 / (ms / 1000);
    });
    show('starts-200', '200 starts with 8 clients', values, 'a second', 'at least 8');
  },
  'stats-200': async () => {
    const values = await onEach(async (engine) => {
      const ids = await many(200, 8, async () => {
        const id = await create(engine.socket, 'sleep', '100000');
        await call(engine.socket, 'POST', `/containers/${id}/start`);
        return id;
      });
      const stop = new AbortController();
      const streams = ids.map(async (id) => {
        const answer = await fetch(`http://engine/v1.41/containers/${id}/stats`, { unix: engine.socket, signal: stop.signal });
        for await (const _chunk of answer.body!) if (stop.signal.aborted) return;
      });
      const pids = await treeOf(engine.pid);
      await Bun.sleep(3000);
      const before = cpuSeconds(pids);
      await Bun.sleep(10_000);
      const used = cpuSeconds(pids) - before;
      stop.abort();
      await Promise.allSettled(streams);
      return used * 1000;
    });
    show('stats-200', 'CPU of stats on 200 containers for 10 s', values, 'ms', '0.2');
  },
  'logs-write': async () => {
    const values = await onEach(async ({ socket }) => {
      const id = await create(socket, 'sh', '-c', `${lines} 400000000`);
      const ms = await timed(async () => {
        await call(socket, 'POST', `/containers/${id}/start`);
        await call(socket, 'POST', `/containers/${id}/wait`);
      });
      return 400 / (ms / 1000);
    });
    show('logs-write', '400 MB of log lines written', values, 'MB/s', 'at least 4');
  },
  'logs-read': async () => {
    const values = await onEach(async ({ socket }) => {
      const { Id } = await call(socket, 'POST', '/containers/create', {
        ...body('sh', '-c', `${lines} 200000000`),
        HostConfig: { NetworkMode: 'none', LogConfig: { Type: 'json-file', Config: { 'max-size': '4g' } } },
      });
      await call(socket, 'POST', `/containers/${Id}/start`);
      await call(socket, 'POST', `/containers/${Id}/wait`);
      const ms = await timed(async () => {
        const answer = await fetch(`http://engine/v1.41/containers/${Id}/logs?stdout=1`, { unix: socket });
        for await (const chunk of answer.body!) void chunk;
      });
      const tail: number[] = [];
      for (let round = 0; round < 10; round += 1) {
        tail.push(
          await timed(
            async () => await (await fetch(`http://engine/v1.41/containers/${Id}/logs?stdout=1&tail=100`, { unix: socket })).arrayBuffer(),
          ),
        );
      }
      tails[socket] = median(tail);
      return 200 / (ms / 1000);
    });
    show('logs-read', '200 MB of log lines read', values, 'MB/s', 'at least 4');
    show(
      'logs-tail',
      '`logs --tail 100` of it',
      Object.fromEntries(engines.map(({ name, socket }) => [name, tails[socket] ?? NaN])),
      'ms',
      '0.3',
    );
  },
};
for (const name of wanted.length > 0 ? wanted : Object.keys(scenarios)) {
  const scenario = scenarios[name];
  if (scenario === undefined) throw new Error(`No scenario ${name}: ${Object.keys(scenarios).join(' ')}`);
  await scenario();
}
