import type { NetlinkMessage } from '../../kernel/index.ts';

/** A rule's parts, as nf_tables executes them: each one loads, compares or acts. Registers 8, 9, … hold four bytes each. */
export type Expression = (message: NetlinkMessage) => void;

const reg = 8;

/** A verdict of a rule or map. Linux include/uapi/linux/netfilter/nf_tables.h. */
export type Verdict = 'accept' | 'drop' | { readonly jump: string };

export const metaKeys = { inputName: 6, outputName: 7, family: 15, protocol: 16 } as const;
const operators = { is: 0, isNot: 1 } as const;
const jumpCode = -3;

/** The expressions of one kind of packet: `nfproto ipv4` or `ipv6`. */
export function family(which: 4 | 6): readonly Expression[] {
  return [meta('family'), compare('is', Uint8Array.of(which === 4 ? 2 : 10))];
}

export function meta(key: keyof typeof metaKeys, register = reg): Expression {
  return expression('meta', (data) => data.attributeU32(1, register, true).attributeU32(2, metaKeys[key], true));
}

/** Compares the device a packet came in by, or leaves by, with `name`. */
export function device(key: 'inputName' | 'outputName', operator: keyof typeof operators, name: string): readonly Expression[] {
  return [meta(key), compare(operator, deviceName(name))];
}

/** A device name as nf_tables keeps it: 16 bytes. */
export function deviceName(name: string): Uint8Array {
  const bytes = new Uint8Array(16);
  bytes.set(new TextEncoder().encode(name).subarray(0, 15));
  return bytes;
}

/** The source or destination address of a packet whose family is known. */
export function address(which: 'source' | 'destination', of: 4 | 6, register = reg): Expression {
  const offset = of === 4 ? (which === 'source' ? 12 : 16) : which === 'source' ? 8 : 24;
  return payload(1, offset, of === 4 ? 4 : 16, register);
}

/** The destination port of TCP, UDP and SCTP. */
export function destinationPort(register: number): Expression {
  return payload(2, 2, 2, register);
}

/** Keeps the prefix of what is in the first register and compares it. */
export function prefix(operator: keyof typeof operators, value: Uint8Array, prefixLength: number): readonly Expression[] {
  const mask = value.map((_, index) => (0xff00 >> Math.min(8, Math.max(0, prefixLength - index * 8))) & 0xff);
  return [masked(mask), compare(operator, value)];
}

/** Whether conntrack's state or status has one of `bits`. */
export function tracked(what: 'state' | 'status', bits: number): readonly Expression[] {
  const load = expression('ct', (data) => data.attributeU32(1, reg, true).attributeU32(2, what === 'state' ? 0 : 2, true));
  const mask = new Uint8Array(4);
  new DataView(mask.buffer).setUint32(0, bits, true);
  return [load, masked(mask), compare('isNot', new Uint8Array(4))];
}

/** Whether the destination is one of the host's own addresses. */
export function toThisHost(): readonly Expression[] {
  const local = new Uint8Array(4);
  local[0] = 2;
  const load = expression('fib', (data) => data.attributeU32(1, reg, true).attributeU32(2, 3, true).attributeU32(3, 2, true));
  return [load, compare('is', local)];
}

/** Goes on when the registers from the first on are a key of the set. */
export function inSet(name: string): Expression {
  return expression('lookup', (data) => data.attributeText(1, name).attributeU32(2, reg, true));
}

/** Looks the registers up in a map; its value goes to the registers from the first on, or is the verdict. */
export function lookUp(name: string, into: 'registers' | 'verdict'): Expression {
  return expression('lookup', (data) =>
    data
      .attributeText(1, name)
      .attributeU32(2, reg, true)
      .attributeU32(3, into === 'verdict' ? 0 : reg, true),
  );
}

/** Sends the packet to the address and port in the registers. */
export function destinationNat(of: 4 | 6): Expression {
  return expression('nat', (data) => {
    data.attributeU32(1, 1, true).attributeU32(2, of === 4 ? 2 : 10, true);
    data.attributeU32(3, reg, true).attributeU32(5, of === 4 ? reg + 1 : reg + 4, true);
  });
}

export function masquerade(): Expression {
  return expression('masq', () => {});
}

export function verdict(value: Verdict): Expression {
  return expression('immediate', (data) => data.attributeU32(1, 0, true).nest(2, (inner) => writeVerdict(inner, value)));
}

/** The data attribute's content of a verdict. */
export function writeVerdict(message: NetlinkMessage, value: Verdict): void {
  message.nest(2, (inner) => {
    inner.attributeU32(1, value === 'accept' ? 1 : value === 'drop' ? 0 : jumpCode, true);
    if (typeof value === 'object') inner.attributeText(2, value.jump);
  });
}

function compare(operator: keyof typeof operators, value: Uint8Array): Expression {
  return expression('cmp', (data) => {
    data.attributeU32(1, reg, true).attributeU32(2, operators[operator], true);
    data.nest(3, (inner) => inner.attribute(1, value));
  });
}

function masked(mask: Uint8Array): Expression {
  return expression('bitwise', (data) => {
    data.attributeU32(1, reg, true).attributeU32(2, reg, true).attributeU32(3, mask.length, true);
    data.nest(4, (inner) => inner.attribute(1, mask)).nest(5, (inner) => inner.attribute(1, new Uint8Array(mask.length)));
  });
}

function payload(base: number, offset: number, length: number, register: number): Expression {
  return expression('payload', (data) => {
    data.attributeU32(1, register, true).attributeU32(2, base, true).attributeU32(3, offset, true).attributeU32(4, length, true);
  });
}

function expression(name: string, write: (data: NetlinkMessage) => void): Expression {
  return (message) => void message.nest(1, (element) => element.attributeText(1, name).nest(2, write));
}
