import { NetlinkMessage } from '../../kernel/index.ts';
import { writeVerdict, type Expression, type Verdict } from './expressions.ts';

const request = 0x1;
const acknowledge = 0x4;
const create = 0x400;
const append = 0x800;
const inet = 1;
const subsystem = 10;
const operations = {
  newTable: 0,
  getTable: 1,
  deleteTable: 2,
  newChain: 3,
  newRule: 6,
  newSet: 9,
  newElement: 12,
  deleteElement: 14,
  getGeneration: 16,
} as const;
const hooks = { prerouting: 0, forward: 2, output: 3, postrouting: 4 } as const;
/** nft(8) shows a set by these: inet_proto 12, inet_service 13, ipv4_addr 7, ipv6_addr 8, ifname 41. Concatenated in steps of six bits. */
export const keyTypes = {
  device: { type: 41, bytes: 16 },
  port: { type: (12 << 6) | 13, bytes: 8 },
  port4: { type: (7 << 12) | (12 << 6) | 13, bytes: 12 },
  port6: { type: (8 << 12) | (12 << 6) | 13, bytes: 24 },
  target4: { type: (7 << 6) | 13, bytes: 8 },
  target6: { type: (8 << 6) | 13, bytes: 20 },
  verdict: { type: 0xffffff00, bytes: 16 },
} as const;
type KeyType = keyof typeof keyTypes;

/** A key of a set or map; what it maps to. */
export interface Element {
  readonly key: Uint8Array;
  readonly value?: Uint8Array | Verdict;
}

/** One message holds at most this many elements: an attribute has 64 KiB. */
const elementsPerMessage = 400;

export function batchEdge(which: 'begin' | 'end'): NetlinkMessage {
  const message = new NetlinkMessage(which === 'begin' ? 0x10 : 0x11, request);
  return message.u8(0).u8(0).u16(subsystem, true);
}

export function tableMessage(operation: 'newTable' | 'deleteTable', table: string, answered = false): NetlinkMessage {
  return start(operation, (operation === 'newTable' ? create : 0) | (answered ? acknowledge : 0)).attributeText(1, table);
}

/** Asks whether the table is there. */
export function getTableMessage(table: string): NetlinkMessage {
  return start('getTable', 0).attributeText(1, table);
}

/** Asks for the number of the ruleset's last change. */
export function getGenerationMessage(): NetlinkMessage {
  return start('getGeneration', 0);
}

export function baseChainMessage(
  table: string,
  name: string,
  hook: { readonly type: 'nat' | 'filter'; readonly at: keyof typeof hooks; readonly priority: number },
): NetlinkMessage {
  const message = start('newChain', create).attributeText(1, table).attributeText(3, name);
  message.nest(4, (inner) => inner.attributeU32(1, hooks[hook.at], true).attributeU32(2, hook.priority, true));
  return message.attributeText(7, hook.type);
}

export function chainMessage(table: string, name: string): NetlinkMessage {
  return start('newChain', create).attributeText(1, table).attributeText(3, name);
}

export function ruleMessage(table: string, chain: string, expressions: readonly Expression[]): NetlinkMessage {
  const message = start('newRule', create | append)
    .attributeText(1, table)
    .attributeText(2, chain);
  return message.nest(4, (list) => {
    for (const each of expressions) each(list);
  });
}

/** A set; a map when it has a `value` type. `id` is any number of its own in the batch. */
export function setMessage(table: string, name: string, id: number, key: KeyType, value?: KeyType): NetlinkMessage {
  const message = start('newSet', create).attributeText(1, table).attributeText(2, name);
  message.attributeU32(3, value === undefined ? 0 : 8, true);
  message.attributeU32(4, keyTypes[key].type, true).attributeU32(5, keyTypes[key].bytes, true);
  if (value !== undefined) message.attributeU32(6, keyTypes[value].type, true);
  if (value !== undefined && value !== 'verdict') message.attributeU32(7, keyTypes[value].bytes, true);
  message.attributeU32(10, id, true);
  // For nft(8) alone, which shows device names backwards otherwise: the key is in the host's byte order.
  return key === 'device' ? message.attribute(13, Uint8Array.of(0, 4, 1, 0, 0, 0)) : message;
}

/** Adds or removes elements; as many messages as they need. */
export function elementMessages(
  operation: 'newElement' | 'deleteElement',
  table: string,
  set: string,
  elements: readonly Element[],
): readonly NetlinkMessage[] {
  const messages: NetlinkMessage[] = [];
  for (let from = 0; from < elements.length; from += elementsPerMessage) {
    const message = start(operation, operation === 'newElement' ? create : 0)
      .attributeText(1, table)
      .attributeText(2, set);
    message.nest(3, (list) => {
      for (const { key, value } of elements.slice(from, from + elementsPerMessage)) {
        list.nest(1, (element) => {
          element.nest(1, (data) => data.attribute(1, key));
          if (value instanceof Uint8Array) element.nest(2, (data) => data.attribute(1, value));
          else if (value !== undefined) element.nest(2, (data) => writeVerdict(data, value));
        });
      }
    });
    messages.push(message);
  }
  return messages;
}

/** The last message of a batch asks for an answer; it changes nothing that is not there already. */
export function closingMessage(table: string): NetlinkMessage {
  return start('newTable', acknowledge).attributeText(1, table);
}

function start(operation: keyof typeof operations, flags: number): NetlinkMessage {
  // struct nfgenmsg: family, version, resource.
  return new NetlinkMessage((subsystem << 8) | operations[operation], request | flags).u8(inet).u8(0).u16(0);
}
