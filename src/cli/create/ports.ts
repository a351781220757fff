import type { PortBinding } from '../../spec/index.ts';
import { csvFields } from './csv.ts';
import { isIpAddress } from './ip.ts';

export interface PortMaps {
  readonly exposed: Record<string, object>;
  readonly bindings: Record<string, PortBinding[]>;
}

/** What `--publish` and `--expose` mean. @throws with the words of the docker CLI and go-connections. */
export function parsePorts(published: readonly string[], exposed: readonly string[]): PortMaps {
  const maps: PortMaps = { exposed: {}, bindings: {} };
  for (const text of published.map(shortForm)) publish(maps, text);
  for (const text of exposed) expose(maps, text);
  return maps;
}

// `target=80,published=8080,protocol=tcp` is `8080:80/tcp`.
function shortForm(text: string): string {
  if (!text.includes('=')) return text;
  const parts: Record<string, string> = {};
  for (const field of csvFields(text)) {
    const equals = field.indexOf('=');
    if (equals === -1) throw new Error(`invalid publish opts format (should be name=value but got '${field}')`);
    parts[field.slice(0, equals)] = field.slice(equals + 1);
  }
  return `${parts['published'] ?? ''}:${parts['target'] ?? ''}/${parts['protocol'] ?? 'tcp'}`;
}

function publish(maps: PortMaps, text: string): void {
  const { ip, hostPort, containerPort } = splitSpec(text);
  const { port, protocol } = splitProtocol(containerPort);
  if (ip.includes(':') && !ip.startsWith('[') && !isIpAddress(ip)) throw new Error(`invalid IP address: ${ip}`);
  const address = ip.replace(/^\[(.*)\]$/, '$1');
  if (address !== '' && !isIpAddress(address)) throw new Error(`invalid IP address: ${address}`);
  if (port === '') throw new Error(`no port specified: ${text}<empty>`);
  const target = range(port, 'containerPort');
  const source = hostPort === '' ? undefined : range(hostPort, 'hostPort');
  checkProtocol(protocol);
  const isSpread = source !== undefined && source.last - source.first !== target.last - target.first;
  if (isSpread && target.last !== target.first)
    throw new Error(`invalid ranges specified for container and host Ports: ${port} and ${hostPort}`);
  for (let offset = 0; offset <= target.last - target.first; offset++) {
    const key = `${target.first + offset}/${protocol}`;
    const host = source === undefined ? '' : isSpread ? `${source.first}-${source.last}` : String(source.first + offset);
    maps.exposed[key] = {};
    (maps.bindings[key] ??= []).push({ HostIp: address, HostPort: host });
  }
}

function splitSpec(text: string): { ip: string; hostPort: string; containerPort: string } {
  const parts = text.split(':');
  const containerPort = parts.at(-1)!;
  if (parts.length === 1) return { ip: '', hostPort: '', containerPort };
  const hostPort = parts.at(-2)!;
  return { ip: parts.slice(0, -2).join(':'), hostPort, containerPort };
}

function splitProtocol(text: string): { port: string; protocol: string } {
  const slash = text.indexOf('/');
  if (slash === -1) return { port: text, protocol: 'tcp' };
  return { port: text.slice(0, slash), protocol: text.slice(slash + 1).toLowerCase() || 'tcp' };
}

function checkProtocol(protocol: string): void {
  if (!['tcp', 'udp', 'sctp'].includes(protocol)) throw new Error(`invalid proto: ${protocol}`);
}

function range(text: string, what: 'containerPort' | 'hostPort'): { first: number; last: number } {
  const parsed = rangeOf(text);
  if (parsed === undefined) throw new Error(`invalid ${what}: ${text}`);
  return parsed;
}

function rangeOf(text: string): { first: number; last: number } | undefined {
  const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text);
  if (match === null) return undefined;
  const first = Number(match[1]);
  const last = Number(match[2] ?? match[1]);
  return first > 65535 || last > 65535 || last < first ? undefined : { first, last };
}

function expose(maps: PortMaps, text: string): void {
  if (text.includes(':')) throw new Error(`invalid port format for --expose: ${text}`);
  const { port, protocol } = splitProtocol(text);
  const ports = rangeOf(port);
  if (ports === undefined) throw new Error(`invalid range format for --expose: ${text}, error: ${reasonOf(port)}`);
  checkProtocol(protocol);
  for (let number = ports.first; number <= ports.last; number++) maps.exposed[`${number}/${protocol}`] ??= {};
}

function reasonOf(text: string): string {
  if (text === '') return 'empty string specified for ports';
  const [first = '', last] = text.split('-');
  const bad = [first, last ?? first].find((number) => !/^\d+$/.test(number) || Number(number) > 65535);
  if (bad === undefined) return `invalid range specified for port: ${text}`;
  return `strconv.ParseUint: parsing ${JSON.stringify(bad)}: ${/^\d+$/.test(bad) ? 'value out of range' : 'invalid syntax'}`;
}
