import { isRunning, type ContainerRecord } from '../../engine/index.ts';
import type { NetworkFacts } from './networks.ts';

/** NetworkSettings.Ports of inspect: of a running container every exposed port, with where it is published or null. */
export function renderPorts(record: ContainerRecord, facts: NetworkFacts): Readonly<Record<string, unknown>> {
  if (!isRunning(record.state)) return {};
  const ports: Record<string, Array<{ readonly HostIp: string; readonly HostPort: string }> | null> = {};
  for (const key of exposed(record)) ports[key] = null;
  for (const { protocol, containerPort, hostIp, hostPort } of publishedPorts(record, facts)) {
    (ports[`${containerPort}/${protocol}`] ??= []).push({ HostIp: hostIp, HostPort: String(hostPort) });
  }
  return ports;
}

/** Ports of a row of the list. */
export function renderPortList(record: ContainerRecord, facts: NetworkFacts): readonly object[] {
  if (!isRunning(record.state)) return [];
  const published = publishedPorts(record, facts);
  const bound = new Set(published.map(({ containerPort, protocol }) => `${containerPort}/${protocol}`));
  return [
    ...published.map(({ protocol, containerPort, hostIp, hostPort }) => ({
      IP: hostIp,
      PrivatePort: containerPort,
      PublicPort: hostPort,
      Type: protocol,
    })),
    ...exposed(record)
      .filter((key) => !bound.has(key))
      .map((key) => ({ PrivatePort: Number.parseInt(key, 10), Type: key.split('/')[1] ?? 'tcp' })),
  ];
}

function publishedPorts(record: ContainerRecord, { networks }: NetworkFacts) {
  return networks?.endpointsOf(record.id).flatMap(({ ports }) => ports) ?? [];
}

// Ranges one by one; a container with the host's network has none of its own.
function exposed({ config, hostConfig }: ContainerRecord): readonly string[] {
  if (hostConfig.NetworkMode === 'host' || hostConfig.NetworkMode.startsWith('container:')) return [];
  return Object.keys(config.ExposedPorts ?? {}).flatMap((key) => {
    const [range = '', protocol = 'tcp'] = key.toLowerCase().split('/');
    const [first = 0, last = first] = range.split('-').map(Number);
    return Array.from({ length: last - first + 1 }, (_, index) => `${first + index}/${protocol}`);
  });
}
