import { EngineError } from '../base/index.ts';
import { opLayouts, type Op, type OpName } from './ops.ts';

/**
 * The words between engine and launcher. Rules:
 * 1. The engine sends the zygote one SOCK_SEQPACKET message {magic, version} for each container, with descriptors: one end of a stream socketpair
 *    (the connection), a file with the op list, then the list's slots. A zygote of another version answers `failed` with step -1, EPROTO.
 * 2. On the connection the monitor answers with events: `created` when the process exists, `held` at each wait op, then `started` or `failed`
 *    (nothing is left behind then, and the monitor is gone), later `exited`. The exit record is on disk before `exited` is sent.
 * 3. The engine sends verbs of 16 bytes at any time. After `started` and `status` it opens a pidfd and sends `acknowledge`; until then the monitor
 *    does not reap, so that the pid cannot be another's.
 * 4. The monitor keeps the container's ends of stdio until `release`; any later engine connects to monitor.sock and continues with `status`.
 */
export const opsMagic = 0x4854_5242;
export const opsVersion = 1;

const headerBytes = 16;

/** The bytes of an op list. @throws {EngineError} InvalidArgument, when a string holds a NUL byte. */
export function encodeOps(ops: readonly Op[]): Uint8Array {
  const writer = new Writer();
  for (const value of [opsMagic, opsVersion, ops.length, 0]) writer.u32(value);
  for (const op of ops) {
    const { code, signature, fields } = opLayouts[op.op];
    writer.u32(code);
    const lengthAt = writer.position;
    writer.u32(0);
    const values = op as unknown as Readonly<Record<string, unknown>>;
    fields.forEach((field, index) => writer.field(signature[index], values[field], `${op.op}.${field}`));
    writer.patch(lengthAt, writer.position - lengthAt - 4);
  }
  writer.patch(12, writer.position);
  return writer.take();
}

/** The ops in `bytes`; the inverse of encodeOps, for tests and `explain`. @throws {EngineError} InvalidArgument, when they are not an op list. */
export function decodeOps(bytes: Uint8Array): readonly Op[] {
  const reader = new Reader(bytes);
  if (reader.u32() !== opsMagic || reader.u32() !== opsVersion) throw refuse('bad magic or version');
  const count = reader.u32();
  if (reader.u32() !== bytes.length) throw refuse('bad size');
  const names = new Map(Object.entries(opLayouts).map(([name, layout]) => [layout.code, name as OpName]));
  const ops: Op[] = [];
  for (let index = 0; index < count; index++) {
    const name = names.get(reader.u32());
    if (name === undefined) throw refuse('unknown op');
    const end = reader.u32() + reader.position;
    const { signature, fields } = opLayouts[name];
    const op: Record<string, unknown> = { op: name };
    fields.forEach((field, at) => (op[field] = reader.field(signature[at])));
    if (reader.position !== end) throw refuse(`bad length of ${name}`);
    ops.push(op as unknown as Op);
  }
  if (reader.position !== bytes.length) throw refuse('bytes after the last op');
  return ops;
}

function refuse(why: string): EngineError {
  return new EngineError('InvalidArgument', `Cannot decode op list: ${why}`);
}

class Writer {
  position = 0;
  #bytes = new Uint8Array(16_384);
  #view = new DataView(this.#bytes.buffer);
  readonly #encoder = new TextEncoder();

  u32(value: number): void {
    this.#reserve(4);
    this.#view.setUint32(this.position, value, true);
    this.position += 4;
  }

  field(letter: string | undefined, value: unknown, name: string): void {
    if (letter === 'u' || letter === 'f') this.u32(value as number);
    else if (letter === 'U') this.#u64(value as bigint);
    else if (letter === 's') this.#string(value as string, name);
    else if (letter === 'b') this.#blob(value as Uint8Array);
    else this.#strings(value as readonly string[], name);
  }

  patch(at: number, value: number): void {
    this.#view.setUint32(at, value, true);
  }

  take(): Uint8Array {
    return this.#bytes.subarray(0, this.position);
  }

  #u64(value: bigint): void {
    this.#reserve(8);
    this.#view.setBigUint64(this.position, value, true);
    this.position += 8;
  }

  #strings(values: readonly string[], name: string): void {
    this.u32(values.length);
    for (const value of values) this.#string(value, name);
  }

  #string(value: string, name: string): void {
    if (value.includes('\0')) throw new EngineError('InvalidArgument', `Cannot encode ${name}: it holds a NUL byte`);
    this.#reserve(4 + value.length * 3 + 4);
    const { written } = this.#encoder.encodeInto(value, this.#bytes.subarray(this.position + 4));
    this.#finish(written);
  }

  #blob(value: Uint8Array): void {
    this.#reserve(4 + value.length + 4);
    this.#bytes.set(value, this.position + 4);
    this.#finish(value.length);
  }

  // Length, then the bytes that stand there already, a NUL and padding (the buffer is zero beyond what was written).
  #finish(length: number): void {
    this.#view.setUint32(this.position, length, true);
    this.position += 4 + padded(length);
  }

  #reserve(bytes: number): void {
    if (this.position + bytes <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(this.#bytes.length * 2, this.position + bytes));
    larger.set(this.#bytes);
    this.#bytes = larger;
    this.#view = new DataView(larger.buffer);
  }
}

class Reader {
  position = 0;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;

  constructor(bytes: Uint8Array) {
    if (bytes.length < headerBytes) throw refuse('too short');
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  u32(): number {
    return this.#view.getUint32(this.#advance(4), true);
  }

  field(letter: string | undefined): unknown {
    if (letter === 'u') return this.u32();
    if (letter === 'f') return this.u32() | 0;
    if (letter === 'U') return this.#view.getBigUint64(this.#advance(8), true);
    if (letter === 's') return new TextDecoder().decode(this.#blob());
    if (letter === 'b') return this.#blob().slice();
    return Array.from({ length: this.u32() }, () => new TextDecoder().decode(this.#blob()));
  }

  #blob(): Uint8Array {
    const length = this.u32();
    const at = this.#advance(padded(length));
    return this.#bytes.subarray(at, at + length);
  }

  #advance(bytes: number): number {
    const at = this.position;
    if (bytes > this.#bytes.length - at) throw refuse('cut short');
    this.position = at + bytes;
    return at;
  }
}

/** Bytes that a text of `length` takes with its NUL, up to a multiple of 4. */
function padded(length: number): number {
  return (length + 4) & ~3;
}

/** What the engine may ask of a monitor (native/ops.h, struct verb). `watch` takes watchBits in `a`, `signal` the number. */
export const verbs = {
  status: 1,
  acknowledge: 2,
  continue: 3,
  signal: 4,
  closeStdin: 5,
  stdio: 6,
  release: 7,
  watch: 8,
} as const;

/** Which of the stdio a `ready` is asked for: something to read (or its end) or, for stdin, room to write. */
export const watchBits = { stdout: 1, stderr: 2, stdin: 4 } as const;

export type MonitorState = 'setting up' | 'running' | 'ended';

export type MonitorEvent =
  | { readonly event: 'created'; readonly pid: number }
  | { readonly event: 'held'; readonly pid: number; readonly point: number }
  | { readonly event: 'started'; readonly pid: number; readonly startedAt: Date }
  | { readonly event: 'failed'; readonly step: number; readonly errno: number; readonly about: string }
  | {
      readonly event: 'exited';
      readonly exitCode: number;
      readonly signal: number | null;
      readonly oomKilled: boolean;
      readonly finishedAt: Date;
    }
  | {
      readonly event: 'status';
      readonly pid: number;
      readonly state: MonitorState;
      readonly startedAt: Date;
      readonly terminal: boolean;
      readonly stdin: boolean;
    }
  | { readonly event: 'stdio'; readonly terminal: boolean; readonly stdin: boolean }
  | { readonly event: 'ready'; readonly bits: number };

/** Bytes of an event before its text. */
export const eventBytes = 40;
const verbBytes = 16;
const maxText = 4096;

/** The bytes of a verb. */
export function encodeVerb(verb: keyof typeof verbs, a = 0, b = 0): Uint8Array {
  const view = new DataView(new ArrayBuffer(verbBytes));
  view.setUint32(0, verbs[verb], true);
  view.setUint32(4, a, true);
  view.setUint32(8, b, true);
  return new Uint8Array(view.buffer);
}

/** The request's one message to the zygote; the descriptors go beside it. */
export function encodeRequest(): Uint8Array {
  return new Uint8Array(new Uint32Array([opsMagic, opsVersion]).buffer);
}

/**
 * The first event in `bytes` and how many bytes it took, or undefined while it is not whole.
 * @throws {EngineError} Internal, when it is no event.
 */
export function decodeEvent(bytes: Uint8Array): { readonly event: MonitorEvent; readonly size: number } | undefined {
  if (bytes.length < eventBytes) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = view.getUint32(4, true);
  if (length > maxText) throw new EngineError('Internal', 'Cannot read from a monitor: an event is too long');
  if (bytes.length < eventBytes + length) return undefined;
  const text = new TextDecoder().decode(bytes.subarray(eventBytes, eventBytes + length));
  return { event: toEvent(view, text), size: eventBytes + length };
}

function toEvent(view: DataView, about: string): MonitorEvent {
  const int = (at: number): number => view.getInt32(at, true);
  const [pid, step, error, signal, flags] = [int(8), int(12), int(16), int(20), view.getUint32(24, true)];
  const time = new Date(Number(view.getBigUint64(32, true) / 1_000_000n));
  switch (view.getUint32(0, true)) {
    case 1:
      return { event: 'created', pid };
    case 2:
      return { event: 'held', pid, point: step };
    case 3:
      return { event: 'started', pid, startedAt: time };
    case 4:
      return { event: 'failed', step, errno: error, about };
    case 5:
      return { event: 'exited', exitCode: error, signal: signal === 0 ? null : signal, oomKilled: flags === 1, finishedAt: time };
    case 6: {
      const state = step === 0 ? 'setting up' : step === 1 ? 'running' : 'ended';
      return { event: 'status', pid, state, startedAt: time, terminal: (flags & 1) !== 0, stdin: (flags & 2) !== 0 };
    }
    case 7:
      return { event: 'stdio', terminal: (flags & 1) !== 0, stdin: (flags & 2) !== 0 };
    case 8:
      return { event: 'ready', bits: flags };
    default:
      throw new EngineError('Internal', 'Cannot read from a monitor: unknown event');
  }
}
