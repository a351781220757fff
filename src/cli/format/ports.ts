/** A port of a container as the list shows it. */
export interface Port {
  readonly IP?: string;
  readonly PrivatePort: number;
  readonly PublicPort?: number;
  readonly Type: string;
}

/** Ports in one line, neighbours joined: `0.0.0.0:80->8080/tcp, 9000-9002/tcp`. */
export function formatPorts(ports: readonly Port[]): string {
  const groups = new Map<string, { first: number; last: number }>();
  const mapped: string[] = [];
  const plain: string[] = [];
  const order: string[] = [];
  for (const port of [...ports].sort(byPort)) {
    let key = port.Type;
    if (port.IP !== undefined && port.IP !== '') {
      if (port.PublicPort !== port.PrivatePort) {
        mapped.push(`${address(port)}:${port.PublicPort}->${port.PrivatePort}/${port.Type}`);
        continue;
      }
      key = `${address(port)}/${port.Type}`;
    }
    const group = groups.get(key);
    if (group === undefined) {
      groups.set(key, { first: port.PrivatePort, last: port.PrivatePort });
      order.push(key);
    } else if (port.PrivatePort === group.last + 1) group.last = port.PrivatePort;
    else if (port.PrivatePort !== group.last) {
      plain.push(formatGroup(key, group));
      groups.set(key, { first: port.PrivatePort, last: port.PrivatePort });
    }
  }
  const rest = order.map((key) => formatGroup(key, groups.get(key)!));
  return [...plain, ...rest, ...mapped].join(', ');
}

function address(port: Port): string {
  return port.IP!.includes(':') ? `[${port.IP}]` : port.IP!;
}

function formatGroup(key: string, { first, last }: { first: number; last: number }): string {
  const slash = key.lastIndexOf('/');
  const range = first === last ? String(first) : `${first}-${last}`;
  return slash === -1 ? `${range}/${key}` : `${key.slice(0, slash)}:${range}->${range}/${key.slice(slash + 1)}`;
}

function byPort(left: Port, right: Port): number {
  if (left.PrivatePort !== right.PrivatePort) return left.PrivatePort - right.PrivatePort;
  const [leftIp = '', rightIp = ''] = [left.IP, right.IP];
  if (leftIp !== rightIp) return leftIp < rightIp ? -1 : 1;
  if (left.PublicPort !== right.PublicPort) return (left.PublicPort ?? 0) - (right.PublicPort ?? 0);
  return left.Type < right.Type ? -1 : left.Type > right.Type ? 1 : 0;
}
