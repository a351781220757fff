/** What is asked of a name server: RFC 1035 section 4. Messages with anything but one question are none of ours. */
export interface Question {
  readonly id: number;
  readonly recursionDesired: boolean;
  /** Lower case, without the last dot. */
  readonly name: string;
  readonly type: number;
  /** Where the question ends. */
  readonly end: number;
}

export const recordTypes = { a: 1, ptr: 12, aaaa: 28 } as const;
const header = 12;
const classIn = 1;

/** Reads a query; undefined for what is cut short, compressed, an answer, or not of class IN. */
export function readQuestion(bytes: Uint8Array): Question | undefined {
  if (bytes.length < header + 5) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const flags = view.getUint16(2);
  if ((flags & 0xf800) !== 0 || view.getUint16(4) !== 1) return undefined;
  const labels: string[] = [];
  let at = header;
  for (let total = 0; ;) {
    const length = bytes[at];
    if (length === undefined || length > 63) return undefined;
    at += 1;
    if (length === 0) break;
    total += length + 1;
    if (total > 254 || at + length > bytes.length) return undefined;
    labels.push(String.fromCharCode(...bytes.subarray(at, at + length)));
    at += length;
  }
  if (at + 4 > bytes.length || view.getUint16(at + 2) !== classIn) return undefined;
  return {
    id: view.getUint16(0),
    recursionDesired: (flags & 0x100) !== 0,
    name: labels.join('.').toLowerCase(),
    type: view.getUint16(at),
    end: at + 4,
  };
}

/** An answer to `query`, with these records' bytes; `code` 0 fine, 2 server failure, 3 no such name. */
export function writeAnswer(query: Uint8Array, question: Question, records: readonly Uint8Array[], code = 0): Uint8Array {
  const size = question.end + records.reduce((sum, record) => sum + 12 + record.length, 0);
  const bytes = new Uint8Array(size);
  bytes.set(query.subarray(0, question.end));
  const view = new DataView(bytes.buffer);
  // A response that can recurse, with the question's own RD.
  view.setUint16(2, 0x8080 | (question.recursionDesired ? 0x100 : 0) | code);
  view.setUint16(6, records.length);
  view.setUint32(8, 0);
  let at = question.end;
  for (const record of records) {
    view.setUint16(at, 0xc000 | header);
    view.setUint16(at + 2, question.type);
    view.setUint16(at + 4, classIn);
    view.setUint32(at + 6, 600);
    view.setUint16(at + 10, record.length);
    bytes.set(record, at + 12);
    at += 12 + record.length;
  }
  return bytes;
}

/** A name as records have it. */
export function encodeName(name: string): Uint8Array {
  const parts = name.split('.').filter((label) => label !== '' && label.length < 64);
  return Uint8Array.from([...parts.flatMap((label) => [label.length, ...Buffer.from(label, 'latin1')]), 0]);
}

/** The address a reverse name (`4.3.2.1.in-addr.arpa`, `….ip6.arpa`) asks for, as text for `parseAddress`. */
export function reverseAddress(name: string): string | undefined {
  const four = /^((?:\d{1,3}\.){4})in-addr\.arpa$/.exec(name);
  if (four !== null) return four[1]!.split('.').slice(0, 4).toReversed().join('.');
  const six = /^((?:[0-9a-f]\.){32})ip6\.arpa$/.exec(name);
  if (six === null) return undefined;
  const digits = six[1]!.split('.').slice(0, 32).toReversed().join('');
  return digits.match(/.{4}/g)!.join(':');
}
