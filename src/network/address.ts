/** An IPv4 or IPv6 address as a number. */
export interface IpAddress {
  readonly family: 4 | 6;
  readonly value: bigint;
}

/** A range of addresses with a common prefix; `value` has no bits below it. */
export interface Subnet extends IpAddress {
  readonly prefixLength: number;
}

/** Reads `10.0.0.1` or `fd00::1`; undefined for anything else (leading zeros and zones included). */
export function parseAddress(text: string): IpAddress | undefined {
  return text.includes(':') ? parseIpv6(text) : parseIpv4(text);
}

/** Reads `10.0.0.0/24`; `address` is what stood before the slash, the subnet has its low bits cleared. */
export function parseSubnet(text: string): (Subnet & { readonly address: IpAddress }) | undefined {
  const match = /^([^/]+)\/(\d{1,3})$/.exec(text);
  const address = match === null ? undefined : parseAddress(match[1]!);
  if (match === null || address === undefined) return undefined;
  const prefixLength = Number(match[2]);
  if (prefixLength > bitsOf(address.family)) return undefined;
  return { ...maskOff(address, prefixLength), address };
}

export function bitsOf(family: 4 | 6): number {
  return family === 4 ? 32 : 128;
}

export function maskOff(address: IpAddress, prefixLength: number): Subnet {
  const low = BigInt(bitsOf(address.family) - prefixLength);
  return { family: address.family, value: (address.value >> low) << low, prefixLength };
}

/** The last address of a subnet. */
export function lastOf(subnet: Subnet): bigint {
  return subnet.value + (1n << BigInt(bitsOf(subnet.family) - subnet.prefixLength)) - 1n;
}

export function contains(subnet: Subnet, address: IpAddress): boolean {
  return subnet.family === address.family && address.value >= subnet.value && address.value <= lastOf(subnet);
}

export function overlaps(left: Subnet, right: Subnet): boolean {
  return left.family === right.family && left.value <= lastOf(right) && right.value <= lastOf(left);
}

export function formatSubnet(subnet: Subnet): string {
  return `${formatAddress(subnet)}/${subnet.prefixLength}`;
}

/** IPv6 in the short form of RFC 5952. */
export function formatAddress({ family, value }: IpAddress): string {
  if (family === 4) return [24n, 16n, 8n, 0n].map((shift) => String((value >> shift) & 255n)).join('.');
  const groups = Array.from({ length: 8 }, (_, index) => Number((value >> BigInt(112 - 16 * index)) & 0xffffn));
  let best = { start: -1, length: 1 };
  for (let start = 0; start < 8; start += 1) {
    let length = 0;
    while (start + length < 8 && groups[start + length] === 0) length += 1;
    if (length > best.length) best = { start, length };
  }
  const text = (part: readonly number[]) => part.map((group) => group.toString(16)).join(':');
  if (best.start < 0) return text(groups);
  return `${text(groups.slice(0, best.start))}::${text(groups.slice(best.start + best.length))}`;
}

/** In network order: 4 or 16 bytes. */
export function addressBytes({ family, value }: IpAddress): Uint8Array {
  const bytes = new Uint8Array(bitsOf(family) / 8);
  for (let at = bytes.length - 1, rest = value; at >= 0; at -= 1, rest >>= 8n) bytes[at] = Number(rest & 255n);
  return bytes;
}

export function addressOf(bytes: Uint8Array): IpAddress {
  let value = 0n;
  for (const byte of bytes) value = (value << 8n) | BigInt(byte);
  return { family: bytes.length === 4 ? 4 : 6, value };
}

function parseIpv4(text: string): IpAddress | undefined {
  if (!/^\d{1,3}(\.\d{1,3}){3}$/.test(text)) return undefined;
  let value = 0n;
  for (const part of text.split('.')) {
    if (Number(part) > 255 || (part.length > 1 && part.startsWith('0'))) return undefined;
    value = (value << 8n) | BigInt(part);
  }
  return { family: 4, value };
}

function parseIpv6(text: string): IpAddress | undefined {
  let words = text;
  const tail = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(text);
  if (tail !== null) {
    const four = parseIpv4(tail[2]!);
    if (four === undefined) return undefined;
    words = `${tail[1]}${(four.value >> 16n).toString(16)}:${(four.value & 0xffffn).toString(16)}`;
  }
  const halves = words.split('::');
  if (halves.length > 2) return undefined;
  const [head = [], rest = []] = halves.map((half) => (half === '' ? [] : half.split(':')));
  const missing = 8 - head.length - rest.length;
  if (halves.length === 1 ? missing !== 0 : missing < 1) return undefined;
  let value = 0n;
  for (const group of [...head, ...Array.from({ length: missing }, () => '0'), ...rest]) {
    if (!/^[0-9a-fA-F]{1,4}$/.test(group)) return undefined;
    value = (value << 16n) | BigInt(`0x${group}`);
  }
  return { family: 6, value };
}
