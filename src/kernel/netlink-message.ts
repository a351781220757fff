const headerBytes = 16;
const nested = 0x8000;

/**
 * One netlink message being written: header, family header, attributes. Little-endian, as every machine this runs on; what the kernel wants in
 * network order is written with `big`. netlink(7).
 */
export class NetlinkMessage {
  #bytes = new Uint8Array(256);
  #view = new DataView(this.#bytes.buffer);
  #length = headerBytes;

  constructor(type: number, flags: number) {
    this.#view.setUint16(4, type, true);
    this.#view.setUint16(6, flags, true);
  }

  u8(value: number): this {
    this.#room(1);
    this.#bytes[this.#length] = value;
    this.#length += 1;
    return this;
  }

  u16(value: number, big = false): this {
    this.#room(2);
    this.#view.setUint16(this.#length, value, !big);
    this.#length += 2;
    return this;
  }

  u32(value: number, big = false): this {
    this.#room(4);
    this.#view.setUint32(this.#length, value >>> 0, !big);
    this.#length += 4;
    return this;
  }

  bytes(value: Uint8Array): this {
    this.#room(value.length);
    this.#bytes.set(value, this.#length);
    this.#length += value.length;
    return this;
  }

  /** An attribute with these bytes. */
  attribute(type: number, value: Uint8Array): this {
    this.#room(4 + value.length + 4);
    this.u16(4 + value.length);
    this.u16(type);
    this.bytes(value);
    return this.#align();
  }

  attributeU8(type: number, value: number): this {
    return this.u16(5).u16(type).u8(value).#align();
  }

  attributeU16(type: number, value: number, big = false): this {
    return this.u16(6).u16(type).u16(value, big).#align();
  }

  attributeU32(type: number, value: number, big = false): this {
    return this.u16(8).u16(type).u32(value, big);
  }

  /** A text that ends with a zero byte. */
  attributeText(type: number, value: string): this {
    return this.attribute(type, new TextEncoder().encode(`${value}\0`));
  }

  /** An attribute that holds what `write` writes; `flag` sets NLA_F_NESTED, which nf_tables wants. */
  nest(type: number, write: (message: this) => void, flag = true): this {
    const start = this.#length;
    this.u16(0).u16(flag ? type | nested : type);
    write(this);
    this.#align();
    this.#view.setUint16(start, this.#length - start, true);
    return this;
  }

  /** The whole message; `sequence` comes back with its answer. */
  finish(sequence: number): Uint8Array {
    this.#align();
    this.#view.setUint32(0, this.#length, true);
    this.#view.setUint32(8, sequence, true);
    return this.#bytes.subarray(0, this.#length);
  }

  #align(): this {
    const padding = (4 - (this.#length & 3)) & 3;
    this.#room(padding);
    this.#length += padding;
    return this;
  }

  #room(bytes: number): void {
    if (this.#length + bytes <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length + bytes));
    larger.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = larger;
    this.#view = new DataView(larger.buffer);
  }
}

/** The attributes of a message or of a nested attribute, by type; of two of the same type the last. */
export interface AttributeReader {
  has(type: number): boolean;
  bytes(type: number): Uint8Array | undefined;
  u32(type: number, big?: boolean): number | undefined;
  u8(type: number): number | undefined;
  text(type: number): string | undefined;
  nested(type: number): AttributeReader;
}

/** Reads attributes from `from` on; what is cut short is passed over. */
export function readAttributes(bytes: Uint8Array, from = 0): AttributeReader {
  const found = new Map<number, Uint8Array>();
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = from; at + 4 <= bytes.length;) {
    const length = view.getUint16(at, true);
    if (length < 4 || at + length > bytes.length) break;
    found.set(view.getUint16(at + 2, true) & 0x3fff, bytes.subarray(at + 4, at + length));
    at += (length + 3) & ~3;
  }
  const viewOf = (value: Uint8Array) => new DataView(value.buffer, value.byteOffset, value.byteLength);
  return {
    has: (type) => found.has(type),
    bytes: (type) => found.get(type),
    u8: (type) => found.get(type)?.[0],
    u32(type, big = false) {
      const value = found.get(type);
      return value === undefined || value.length < 4 ? undefined : viewOf(value).getUint32(0, !big);
    },
    text(type) {
      const value = found.get(type);
      if (value === undefined) return undefined;
      const end = value.indexOf(0);
      return new TextDecoder().decode(end < 0 ? value : value.subarray(0, end));
    },
    nested: (type) => readAttributes(found.get(type) ?? new Uint8Array(0)),
  };
}
