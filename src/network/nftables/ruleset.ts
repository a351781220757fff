import type { NetlinkMessage } from '../../kernel/index.ts';
import { addressBytes, maskOff, parseAddress, parseSubnet } from '../address.ts';
import type { PublishedPort } from '../contract.ts';
import * as on from './expressions.ts';
import { baseChainMessage, chainMessage, elementMessages, ruleMessage, setMessage, tableMessage, type Element } from './messages.ts';

/** What the rules know of a network with a bridge. */
export interface RuledNetwork {
  readonly device: string;
  readonly subnets: readonly string[];
  readonly internal: boolean;
  readonly masquerade: boolean;
}

/** A published port and the container's address it leads to. */
export interface RuledPort {
  readonly port: PublishedPort;
  readonly address: string;
}

const established = 2 | 4;
const destinationChanged = 0x20;
const protocolNumbers = { tcp: 6, udp: 17, sctp: 132 } as const;
const portMaps = ['ports4', 'ports4at', 'ports6', 'ports6at'] as const;
type PortMap = (typeof portMaps)[number];

/**
 * The whole table of an engine, as one batch that takes the place of what was there. It holds no rule for a port: those are elements of maps, so
 * a packet costs the same however many there are. What other tables say is untouched; a drop there stands.
 *
 *   guard       from a bridge to 127.0.0.0/8: drop (bridges route loopback addresses for published ports)
 *   prerouting  to one of the host's addresses: the port maps say which container
 *   output      the same, for what the host itself sends
 *   postrouting masquerade: what leaves a network, what comes back to it through the host, what the host's loopback sent
 *   forward     into a network: answers, published ports, the network itself; nothing else. Out of an internal network: nothing
 */
export function tableMessages(table: string, networks: readonly RuledNetwork[], ports: readonly RuledPort[]): readonly NetlinkMessage[] {
  const rule = (chain: string, ...expressions: ReadonlyArray<on.Expression | readonly on.Expression[]>) =>
    ruleMessage(table, chain, expressions.flat());
  return [
    tableMessage('newTable', table),
    tableMessage('deleteTable', table),
    tableMessage('newTable', table),
    setMessage(table, 'bridges', 1, 'device'),
    setMessage(table, 'into', 2, 'device', 'verdict'),
    setMessage(table, 'outof', 3, 'device', 'verdict'),
    setMessage(table, 'ports4', 4, 'port', 'target4'),
    setMessage(table, 'ports4at', 5, 'port4', 'target4'),
    setMessage(table, 'ports6', 6, 'port', 'target6'),
    setMessage(table, 'ports6at', 7, 'port6', 'target6'),
    baseChainMessage(table, 'guard', { type: 'filter', at: 'prerouting', priority: -300 }),
    baseChainMessage(table, 'prerouting', { type: 'nat', at: 'prerouting', priority: -100 }),
    baseChainMessage(table, 'output', { type: 'nat', at: 'output', priority: -100 }),
    baseChainMessage(table, 'postrouting', { type: 'nat', at: 'postrouting', priority: 100 }),
    baseChainMessage(table, 'forward', { type: 'filter', at: 'forward', priority: 0 }),
    rule('guard', on.meta('inputName'), on.inSet('bridges'), ...loopback('destination'), on.verdict('drop')),
    ...['prerouting', 'output'].flatMap((chain) => publishing(chain).map((expressions) => ruleMessage(table, chain, expressions))),
    rule('postrouting', on.meta('outputName'), on.inSet('bridges'), ...loopback('source'), on.masquerade()),
    rule('forward', on.tracked('state', established), on.verdict('accept')),
    rule('forward', on.tracked('status', destinationChanged), on.verdict('accept')),
    rule('forward', on.meta('outputName'), on.lookUp('into', 'verdict')),
    rule('forward', on.meta('inputName'), on.lookUp('outof', 'verdict')),
    ...networks.flatMap((network) => networkMessages(table, network)),
    ...elementMessages(
      'newElement',
      table,
      'bridges',
      networks.map(({ device }) => ({ key: on.deviceName(device) })),
    ),
    ...elementMessages(
      'newElement',
      table,
      'into',
      networks.map(({ device }) => ({ key: on.deviceName(device), value: { jump: `into-${device}` } })),
    ),
    ...elementMessages(
      'newElement',
      table,
      'outof',
      networks.filter(({ internal }) => internal).map(({ device }) => ({ key: on.deviceName(device), value: { jump: `outof-${device}` } })),
    ),
    ...portMessages('newElement', table, ports),
  ];
}

/** Adds or removes published ports. */
export function portMessages(
  operation: 'newElement' | 'deleteElement',
  table: string,
  ports: readonly RuledPort[],
): readonly NetlinkMessage[] {
  const elements = new Map<PortMap, Element[]>(portMaps.map((name) => [name, []]));
  for (const each of ports) elements.get(mapOf(each))!.push(portElement(each));
  return portMaps.flatMap((name) => elementMessages(operation, table, name, elements.get(name)!));
}

function networkMessages(table: string, { device, subnets, internal, masquerade }: RuledNetwork): readonly NetlinkMessage[] {
  const into = `into-${device}`;
  const outof = `outof-${device}`;
  const messages = [
    chainMessage(table, into),
    ruleMessage(table, into, [...on.device('inputName', 'is', device), on.verdict('accept')]),
    ruleMessage(table, into, [on.verdict('drop')]),
  ];
  if (internal) {
    messages.push(
      chainMessage(table, outof),
      ruleMessage(table, outof, [...on.device('outputName', 'is', device), on.verdict('accept')]),
      ruleMessage(table, outof, [on.verdict('drop')]),
    );
  }
  for (const text of subnets) {
    const subnet = parseSubnet(text)!;
    const within = (which: 'source' | 'destination') => [
      on.address(which, subnet.family),
      ...on.prefix('is', addressBytes(maskOff(subnet, subnet.prefixLength)), subnet.prefixLength),
    ];
    const from = [...on.family(subnet.family), ...within('source')];
    if (masquerade && !internal)
      messages.push(ruleMessage(table, 'postrouting', [...from, ...on.device('outputName', 'isNot', device), on.masquerade()]));
    messages.push(
      ruleMessage(table, 'postrouting', [...from, ...within('destination'), ...on.tracked('status', destinationChanged), on.masquerade()]),
    );
  }
  return messages;
}

// One address first: it is more exact than all. ::1 cannot be the source of anything that leaves the host.
function publishing(chain: string): ReadonlyArray<readonly on.Expression[]> {
  const key = (from: number) => [on.meta('protocol', from), on.destinationPort(from + 1)];
  const notLoopback = [on.address('destination', 6), ...on.prefix('isNot', Uint8Array.from([...new Uint8Array(15), 1]), 128)];
  const not6 = chain === 'output' ? notLoopback : [];
  return [
    [...on.family(4), on.address('destination', 4), ...key(9), on.lookUp('ports4at', 'registers'), on.destinationNat(4)],
    [...on.family(4), ...on.toThisHost(), ...key(8), on.lookUp('ports4', 'registers'), on.destinationNat(4)],
    [...on.family(6), ...not6, on.address('destination', 6), ...key(12), on.lookUp('ports6at', 'registers'), on.destinationNat(6)],
    [...on.family(6), ...not6, ...on.toThisHost(), ...key(8), on.lookUp('ports6', 'registers'), on.destinationNat(6)],
  ];
}

function loopback(which: 'source' | 'destination'): ReadonlyArray<readonly on.Expression[]> {
  return [on.family(4), [on.address(which, 4), ...on.prefix('is', Uint8Array.of(127, 0, 0, 0), 8)]];
}

function mapOf({ port }: RuledPort): PortMap {
  const host = parseAddress(port.hostIp)!;
  const which = host.family === 4 ? 'ports4' : 'ports6';
  return host.value === 0n ? which : `${which}at`;
}

function portElement({ port, address }: RuledPort): Element {
  const host = parseAddress(port.hostIp)!;
  const own = Uint8Array.of(protocolNumbers[port.protocol], 0, 0, 0, port.hostPort >> 8, port.hostPort & 255, 0, 0);
  const target = addressBytes(parseAddress(address)!);
  return {
    key: host.value === 0n ? own : join(addressBytes(host), own),
    value: join(target, Uint8Array.of(port.containerPort >> 8, port.containerPort & 255, 0, 0)),
  };
}

function join(left: Uint8Array, right: Uint8Array): Uint8Array {
  const joined = new Uint8Array(left.length + right.length);
  joined.set(left);
  joined.set(right, left.length);
  return joined;
}
