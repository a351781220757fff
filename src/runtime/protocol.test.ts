import { expect, test } from 'bun:test';
import * as fc from 'fast-check';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mountFlags, opLayouts, type Op } from './ops.ts';
import { decodeEvent, decodeOps, encodeOps, encodeVerb, eventBytes, opsMagic, opsVersion, verbs, watchBits } from './protocol.ts';

const native = join(import.meta.dir, '../../native');
const header = readFileSync(join(native, 'ops.h'), 'utf8');
const checker = join(import.meta.dir, '../../build/launcher-asan');

test('ops.h and ops.ts say the same', () => {
  const lines = [...header.matchAll(/OP\((\w+), (\d+), "(\w*)"\)\s*(?:\/\* (.*?) \*\/)? *\\?/g)];
  const fromHeader = lines.map(([, name = '', code, signature, fields = '']) => ({
    name: name.toLowerCase().replaceAll('_', '-'),
    code: Number(code),
    signature,
    fields: fields
      .replaceAll(/\(.*?\)/g, '')
      .split(' ')
      .filter(Boolean),
  }));
  expect(fromHeader).toEqual(Object.entries(opLayouts).map(([name, layout]) => ({ name, ...layout, fields: [...layout.fields] })));
  expect(fromHeader.length).toBeGreaterThan(30);
  for (const { signature = '', fields } of fromHeader) expect(signature.length).toBe(fields.length);
  const number = (name: string): number => Number(new RegExp(`#define ${name} (\\w+?)u?\\b`).exec(header)?.[1]);
  expect([number('OPS_MAGIC'), number('OPS_VERSION')]).toEqual([opsMagic, opsVersion]);
  for (const [name, value] of Object.entries(mountFlags)) {
    expect(header).toContain(`MOUNT_${name.replaceAll(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()} = ${value},`);
  }
  for (const [name, value] of Object.entries(watchBits)) expect(header).toContain(`WATCH_${name.toUpperCase()} = ${value}`);
  const verbNames =
    /VERB_STATUS = 1, ([^}]*)\}/
      .exec(header)?.[1]
      ?.split(',')
      .map((name) => name.trim()) ?? [];
  expect(['VERB_STATUS', ...verbNames]).toEqual(
    Object.keys(verbs).map((name) => `VERB_${name.replaceAll(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`),
  );
});

const fieldOf: Readonly<Record<string, fc.Arbitrary<unknown>>> = {
  u: fc.nat(0xffff_ffff),
  U: fc.bigInt(0n, (1n << 64n) - 1n),
  f: fc.integer({ min: -1, max: 63 }),
  s: fc.string({ unit: 'grapheme' }).map((text) => text.replaceAll('\0', '')),
  b: fc.uint8Array(),
  S: fc.array(fc.string().map((text) => text.replaceAll('\0', ''))),
};
const op = (name: string): fc.Arbitrary<Op> => {
  const { signature, fields } = opLayouts[name as keyof typeof opLayouts];
  return fc.record({
    op: fc.constant(name),
    ...Object.fromEntries(fields.map((field, at) => [field, fieldOf[signature[at] ?? ''] ?? fc.nat()])),
  }) as unknown as fc.Arbitrary<Op>;
};
const inner = Object.keys(opLayouts).filter((name) => !['monitor', 'clone', 'exec'].includes(name));
/** A list that is in order: monitor, some, clone, more, exec; mounts into slots only before the clone. */
const list: fc.Arbitrary<readonly Op[]> = fc
  .tuple(op('monitor'), fc.array(fc.oneof(...inner.map(op))), op('clone'), fc.array(fc.oneof(...inner.map(op))), op('exec'))
  .map(([first, before, clone, after, last]) => [
    first,
    ...before,
    clone,
    ...after.map((one) => (one.op === 'mount' ? { ...one, into: -1 } : one)),
    last,
  ]);

test('every op list comes back from its bytes', () => {
  fc.assert(
    fc.property(list, (ops) => expect(decodeOps(encodeOps(ops))).toEqual(ops)),
    { numRuns: 200 },
  );
});

test('a NUL byte in a string is refused', () => {
  expect(() => encodeOps([{ op: 'chdir', path: 'a\0b' }])).toThrow('Cannot encode chdir.path: it holds a NUL byte');
});

test('events and verbs have their layout', () => {
  expect([...encodeVerb('watch', 2, 3)]).toEqual([8, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0]);
  const bytes = new Uint8Array(eventBytes + 2);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 4, true);
  view.setUint32(4, 2, true);
  view.setInt32(12, -1, true);
  view.setInt32(16, 2, true);
  bytes.set([104, 105], eventBytes);
  expect(decodeEvent(bytes)).toEqual({ event: { event: 'failed', step: -1, errno: 2, about: 'hi' }, size: eventBytes + 2 });
  expect(decodeEvent(bytes.subarray(0, eventBytes + 1))).toBeUndefined();
  view.setUint32(0, 99, true);
  expect(() => decodeEvent(bytes)).toThrow('unknown event');
});

/** What the launcher's own decoder (with sanitizers) says to each list. */
async function check(lists: readonly Uint8Array[]): Promise<readonly boolean[]> {
  const directory = mkdtempSync(join(tmpdir(), 'berth-ops-'));
  try {
    const parts = lists.flatMap((bytes) => [new Uint8Array(new Uint32Array([bytes.length]).buffer), bytes]);
    writeFileSync(join(directory, 'lists'), Buffer.concat(parts));
    const child = Bun.spawn([checker, 'check', join(directory, 'lists')], { stdout: 'pipe', stderr: 'pipe' });
    const [answers, errors, code] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
    expect([code, errors]).toEqual([0, '']);
    return [...answers].map((answer) => answer === '1');
  } finally {
    rmSync(directory, { recursive: true });
  }
}

test('the launcher takes good lists, and refuses mutated and random ones without a misstep', async () => {
  const good = fc.sample(list, 300).map((ops) => encodeOps(ops).slice());
  expect(await check(good)).toEqual(good.map(() => true));
  const mutations = fc.sample(
    fc.tuple(fc.nat(good.length - 1), fc.nat(), fc.nat(255), fc.nat(0xffff_ffff), fc.constantFrom('byte', 'word', 'cut', 'grow')),
    20_000,
  );
  const bad = mutations.map(([which, at, byte, word, kind]) => mutate(good[which] ?? new Uint8Array(), { at, byte, word, kind }));
  const random = fc.sample(fc.uint8Array({ maxLength: 200 }), 2000);
  const answers = await check([...bad, ...random]);
  expect(answers.length).toBe(bad.length + random.length);
  bad.forEach((bytes, index) => {
    // What C takes, TypeScript reads as a list as well.
    if (answers[index] === true) expect(() => decodeOps(bytes)).not.toThrow();
  });
  expect(answers.slice(bad.length).some(Boolean)).toBe(false);
}, 60_000);

function mutate(
  source: Uint8Array,
  { at, byte, word, kind }: { readonly at: number; readonly byte: number; readonly word: number; readonly kind: string },
): Uint8Array {
  const bytes = source.slice();
  const place = at % bytes.length;
  if (kind === 'cut') return bytes.subarray(0, place);
  if (kind === 'grow') return Buffer.concat([bytes, new Uint8Array(4)]);
  if (kind === 'byte') bytes[place] = byte;
  else new DataView(bytes.buffer).setUint32(place & ~3, word % 3 === 0 ? word : word % 4096, true);
  return bytes;
}
