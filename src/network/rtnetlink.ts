import { readAttributes, NetlinkMessage, type AttributeReader, type NetlinkSocket } from '../kernel/index.ts';
import { addressBytes, addressOf, bitsOf, maskOff, type IpAddress, type Subnet } from './address.ts';

const request = 0x1;
const acknowledge = 0x4;
const dump = 0x300;
const create = 0x400;
const exclusive = 0x200;
const newLink = 16;
const deleteLink = 17;
const getLink = 18;
const newAddress = 20;
const newRoute = 24;
const deleteRoute = 25;
const getRoute = 26;
const up = 1;
const attribute = { address: 1, name: 3, mtu: 4, master: 10, linkInfo: 18, namespacePid: 19 } as const;
const info = { kind: 1, data: 2, slaveKind: 4, slaveData: 5 } as const;
const noDuplicateCheck = 2;

/** A device. Index 0 is none. */
export interface Link {
  readonly index: number;
  readonly name: string;
  readonly kind: string;
  readonly master: number;
  readonly up: boolean;
}

/** One veth: the host's end on a bridge and up, the other born in the namespace of process `pid`. */
export interface VethRequest {
  readonly hostName: string;
  readonly master: number;
  readonly pid: number;
  readonly name: string;
  readonly mac: Uint8Array;
  readonly mtu?: number;
}

/** rtnetlink(7): a bridge, up. Linux include/uapi/linux/if_link.h. */
export function bridgeMessage(name: string, mtu: number | undefined): NetlinkMessage {
  const message = link(newLink, create | exclusive, 0, up);
  message.attributeText(attribute.name, name);
  if (mtu !== undefined) message.attributeU32(attribute.mtu, mtu);
  return message.nest(attribute.linkInfo, (inner) => inner.attributeText(info.kind, 'bridge'), false);
}

/** A veth pair in one message: made elsewhere and moved it costs forty times as much. */
export function vethMessage(wanted: VethRequest): NetlinkMessage {
  const message = link(newLink, create | exclusive, 0, up);
  message.attributeText(attribute.name, wanted.hostName).attributeU32(attribute.master, wanted.master);
  if (wanted.mtu !== undefined) message.attributeU32(attribute.mtu, wanted.mtu);
  return message.nest(
    attribute.linkInfo,
    (inner) => {
      inner.attributeText(info.kind, 'veth');
      inner.nest(info.data, (data) => data.nest(1, (peer) => writePeer(peer, wanted), false), false);
    },
    false,
  );
}

// Not up: the kernel makes this end before the other, and a veth without its other end cannot be (ENOTCONN).
function writePeer(peer: NetlinkMessage, wanted: VethRequest): void {
  peer.u8(0).u8(0).u16(0).u32(0).u32(0).u32(0);
  peer.attributeText(attribute.name, wanted.name).attribute(attribute.address, wanted.mac);
  if (wanted.mtu !== undefined) peer.attributeU32(attribute.mtu, wanted.mtu);
  peer.attributeU32(attribute.namespacePid, wanted.pid);
}

/** A macvlan on `parent`, in bridge mode, in the namespace of `pid`. */
export function macvlanMessage(wanted: {
  readonly parent: number;
  readonly pid: number;
  readonly name: string;
  readonly mac: Uint8Array;
  readonly mode: number;
}): NetlinkMessage {
  const message = link(newLink, create | exclusive, 0, up);
  message.attributeText(attribute.name, wanted.name).attributeU32(5, wanted.parent).attribute(attribute.address, wanted.mac);
  message.attributeU32(attribute.namespacePid, wanted.pid);
  return message.nest(
    attribute.linkInfo,
    (inner) => inner.attributeText(info.kind, 'macvlan').nest(info.data, (data) => data.attributeU32(1, wanted.mode), false),
    false,
  );
}

/** Sets a bridge port's state (0: passes nothing, learns nothing; at once, without a grace period) or isolation. */
export function portMessage(
  name: string,
  change: { readonly state?: number; readonly isolated?: boolean; readonly hairpin?: boolean },
): NetlinkMessage {
  const message = link(newLink, 0, 0, 0);
  message.attributeText(attribute.name, name);
  return message.nest(
    attribute.linkInfo,
    (inner) => {
      inner.attributeText(info.slaveKind, 'bridge');
      inner.nest(
        info.slaveData,
        (port) => {
          if (change.state !== undefined) port.attributeU8(1, change.state);
          if (change.hairpin !== undefined) port.attributeU8(4, change.hairpin ? 1 : 0);
          if (change.isolated !== undefined) port.attributeU8(33, change.isolated ? 1 : 0);
        },
        false,
      );
    },
    false,
  );
}

export function upMessage(index: number): NetlinkMessage {
  return link(newLink, 0, index, up);
}

export function deleteLinkMessage(name: string): NetlinkMessage {
  return link(deleteLink, 0, 0, 0).attributeText(attribute.name, name);
}

export function addressMessage(index: number, address: IpAddress, prefixLength: number): NetlinkMessage {
  const message = new NetlinkMessage(newAddress, request | acknowledge | create | exclusive);
  const six = address.family === 6;
  message
    .u8(six ? 10 : 2)
    .u8(prefixLength)
    .u8(six ? noDuplicateCheck : 0)
    .u8(0)
    .u32(index);
  const bytes = addressBytes(address);
  message.attribute(2, bytes).attribute(1, bytes);
  if (!six && prefixLength < 31) {
    const broadcast = maskOff(address, prefixLength).value + (1n << BigInt(32 - prefixLength)) - 1n;
    message.attribute(4, addressBytes({ family: 4, value: broadcast }));
  }
  return message;
}

/** A default route. */
export function defaultRouteMessage(index: number, gateway: IpAddress, remove = false): NetlinkMessage {
  const message = new NetlinkMessage(remove ? deleteRoute : newRoute, request | acknowledge | (remove ? 0 : create | exclusive));
  // struct rtmsg: family, dst_len, src_len, tos, table main, protocol boot, scope universe, type unicast, flags.
  message
    .u8(gateway.family === 4 ? 2 : 10)
    .u8(0)
    .u8(0)
    .u8(0)
    .u8(254)
    .u8(3)
    .u8(0)
    .u8(1)
    .u32(0);
  return message.attribute(5, addressBytes(gateway)).attributeU32(4, index);
}

/** The device of a name, or undefined. */
export function findLink(socket: NetlinkSocket, name: string): Link | undefined {
  try {
    const [reply] = socket.ask('look a device up', link(getLink, 0, 0, 0, false).attributeText(attribute.name, name));
    return reply === undefined ? undefined : readLink(reply.bytes);
  } catch {
    return undefined; // ENODEV: the one failure a look-up has.
  }
}

/** All devices of the namespace. */
export function listLinks(socket: NetlinkSocket): readonly Link[] {
  return socket.ask('list devices', link(getLink, dump, 0, 0, false)).map(({ bytes }) => readLink(bytes));
}

/** Every prefix the host routes to somewhere, but for default routes: what no network of ours may overlap. */
export function routedSubnets(socket: NetlinkSocket): ReadonlyArray<Subnet & { readonly interface: number }> {
  const found: Array<Subnet & { readonly interface: number }> = [];
  for (const family of [2, 10]) {
    const message = new NetlinkMessage(getRoute, request | dump);
    message.u8(family).u8(0).u8(0).u8(0).u8(0).u8(0).u8(0).u8(0).u32(0);
    for (const { bytes } of socket.ask('list routes', message)) {
      const [, prefixLength = 0, , , table = 0] = bytes;
      const attributes = readAttributes(bytes, 12);
      const destination = attributes.bytes(1);
      if (destination === undefined || prefixLength === 0 || table === 255) continue;
      const address = addressOf(destination);
      if (prefixLength <= bitsOf(address.family)) found.push({ ...maskOff(address, prefixLength), interface: attributes.u32(4) ?? 0 });
    }
  }
  return found;
}

function readLink(bytes: Uint8Array): Link {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const attributes: AttributeReader = readAttributes(bytes, 16);
  return {
    index: view.getInt32(4, true),
    name: attributes.text(attribute.name) ?? '',
    kind: attributes.nested(attribute.linkInfo).text(info.kind) ?? '',
    master: attributes.u32(attribute.master) ?? 0,
    up: (view.getUint32(8, true) & up) !== 0,
  };
}

// struct ifinfomsg: family, pad, type, index, flags, change.
function link(type: number, flags: number, index: number, linkFlags: number, wantsAcknowledge = true): NetlinkMessage {
  const message = new NetlinkMessage(type, request | flags | (wantsAcknowledge ? acknowledge : 0));
  return message.u8(0).u8(0).u16(0).u32(index).u32(linkFlags).u32(linkFlags);
}
