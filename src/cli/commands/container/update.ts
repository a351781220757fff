import type { Command } from '../../command.ts';
import { restartOf } from '../../create/body.ts';
import { cpus } from '../../create/check.ts';
import { bytesOf, nanoCpus } from '../../create/resources.ts';
import { containerPath, forEachArgument } from '../../each.ts';

export const command: Command = {
  usage: '[OPTIONS] CONTAINER [CONTAINER...]',
  summary: 'Change limits and restart policy of one or more containers',
  aliases: ['container update', 'update'],
  arguments: { minimum: 1 },
  flags: [
    { name: 'blkio-weight', kind: 'uint16', usage: 'Block IO weight, from 10 to 1000, or 0 for none', shownDefault: '0' },
    { name: 'cpu-period', kind: 'int', usage: "Period of the scheduler's CPU limit, in microseconds" },
    { name: 'cpu-quota', kind: 'int', usage: "Quota of the scheduler's CPU limit, in microseconds" },
    { name: 'cpu-rt-period', kind: 'int', usage: 'Period of the real-time CPU limit, in microseconds' },
    { name: 'cpu-rt-runtime', kind: 'int', usage: 'Real-time CPU limit, in microseconds' },
    { name: 'cpu-shares', short: 'c', kind: 'int', usage: 'CPU shares (relative weight)' },
    { name: 'cpus', kind: 'decimal', usage: 'Number of CPUs', check: cpus },
    { name: 'cpuset-cpus', kind: 'string', usage: 'CPUs to run on (0-3, 0,1)' },
    { name: 'cpuset-mems', kind: 'string', usage: 'Memory nodes to use (0-3, 0,1)' },
    { name: 'memory', short: 'm', kind: 'bytes', usage: 'Memory limit' },
    { name: 'memory-reservation', kind: 'bytes', usage: 'Memory soft limit' },
    { name: 'memory-swap', kind: 'bytes', usage: 'Limit of memory and swap together: -1 for no limit of swap' },
    { name: 'pids-limit', kind: 'int', usage: 'Limit of processes (-1 for none)' },
    { name: 'restart', kind: 'string', usage: 'What to do when the container ends' },
  ],
  async run(call) {
    const { flags } = call;
    if (!command.flags.some(({ name }) => flags.has(name))) throw new Error('you must provide one or more flags when using this command');
    const body = {
      BlkioWeight: flags.int('blkio-weight'),
      CpuPeriod: flags.int('cpu-period'),
      CpuQuota: flags.int('cpu-quota'),
      CpuRealtimePeriod: flags.int('cpu-rt-period'),
      CpuRealtimeRuntime: flags.int('cpu-rt-runtime'),
      CpuShares: flags.int('cpu-shares'),
      CpusetCpus: flags.string('cpuset-cpus'),
      CpusetMems: flags.string('cpuset-mems'),
      Memory: bytesOf(flags, 'memory'),
      MemoryReservation: bytesOf(flags, 'memory-reservation'),
      MemorySwap: bytesOf(flags, 'memory-swap'),
      NanoCpus: nanoCpus(flags.string('cpus')),
      ...(flags.has('pids-limit') ? { PidsLimit: flags.int('pids-limit') } : {}),
      ...(flags.has('restart') ? { RestartPolicy: restartOf(flags.string('restart')) } : {}),
    };
    return await forEachArgument(call, async (name) => {
      const answer = await call.client.json<{ readonly Warnings?: readonly string[] | null }>('POST', containerPath(name, '/update'), {
        body,
      });
      for (const warning of answer.Warnings ?? []) await call.io.stderr.write(`${warning}\n`);
    });
  },
};
