import type { PortBinding } from '../../../spec/index.ts';
import type { Command } from '../../command.ts';
import { containerPath } from '../../each.ts';

export const command: Command = {
  usage: 'CONTAINER [PRIVATE_PORT[/PROTO]]',
  summary: 'Show the published ports of a container, or where one is published',
  aliases: ['container port', 'port'],
  arguments: { minimum: 1, maximum: 2 },
  flags: [],
  async run({ args: [name = '', port], client, io }) {
    const { NetworkSettings } = await client.json<Inspected>('GET', containerPath(name, '/json'));
    const ports = NetworkSettings.Ports ?? {};
    if (port !== undefined) {
      const key = port.includes('/') ? port : `${port}/tcp`;
      const bindings = ports[key] ?? [];
      if (bindings.length === 0)
        throw new Error(`Error: No public port '${key.replace(/\/tcp$/, port.includes('/') ? '/tcp' : '')}' published for ${name}`);
      await io.stdout.write(bindings.map((binding) => `${address(binding)}\n`).join(''));
      return 0;
    }
    const lines = Object.entries(ports).flatMap(([key, bindings]) => (bindings ?? []).map((binding) => `${key} -> ${address(binding)}`));
    await io.stdout.write(
      lines
        .sort(byNumber)
        .map((line) => `${line}\n`)
        .join(''),
    );
    return 0;
  },
};

interface Inspected {
  readonly NetworkSettings: { readonly Ports?: Readonly<Record<string, readonly PortBinding[] | null>> | null };
}

function address({ HostIp, HostPort }: PortBinding): string {
  return HostIp.includes(':') ? `[${HostIp}]:${HostPort}` : `${HostIp}:${HostPort}`;
}

function byNumber(left: string, right: string): number {
  const difference = Number.parseInt(left, 10) - Number.parseInt(right, 10);
  return difference !== 0 ? difference : left < right ? -1 : 1;
}
