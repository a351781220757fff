import { expect, test } from 'bun:test';
import { encodeName, readQuestion, recordTypes, reverseAddress, writeAnswer } from './message.ts';

function query(name: Uint8Array, type = 1, flags = 0x0100, questions = 1): Uint8Array {
  const head = new Uint8Array(12);
  const view = new DataView(head.buffer);
  view.setUint16(0, 0xabcd);
  view.setUint16(2, flags);
  view.setUint16(4, questions);
  return Uint8Array.from([...head, ...name, 0, type, 0, 1]);
}

test('a question, and an answer with its records', () => {
  const bytes = query(encodeName('Web.Example'), recordTypes.a);
  const question = readQuestion(bytes)!;
  expect(question).toEqual({ id: 0xabcd, recursionDesired: true, name: 'web.example', type: 1, end: bytes.length });
  const answer = writeAnswer(bytes, question, [Uint8Array.of(10, 0, 0, 1)]);
  expect(answer.length).toBe(bytes.length + 16);
  expect([...answer.subarray(-4)]).toEqual([10, 0, 0, 1]);
  expect(new DataView(answer.buffer).getUint16(2)).toBe(0x8180);
});

test('what is cut short, loops, is an answer or asks twice is not read', () => {
  const good = query(encodeName('a.b'));
  for (let length = 0; length < good.length; length += 1) expect(readQuestion(good.subarray(0, length))).toBeUndefined();
  expect(readQuestion(query(Uint8Array.of(0xc0, 0x0c)))).toBeUndefined();
  expect(readQuestion(query(Uint8Array.from({ length: 300 }, (_, index) => (index % 2 === 0 ? 1 : 97))))).toBeUndefined();
  expect(readQuestion(query(encodeName('a'), 1, 0x8100))).toBeUndefined();
  expect(readQuestion(query(encodeName('a'), 1, 0x0100, 2))).toBeUndefined();
});

test('reverse names', () => {
  expect(reverseAddress('4.3.2.1.in-addr.arpa')).toBe('1.2.3.4');
  expect(reverseAddress(`1.${'0.'.repeat(29)}d.f.ip6.arpa`)).toBe('fd00:0000:0000:0000:0000:0000:0000:0001');
  expect(reverseAddress('3.2.1.in-addr.arpa')).toBeUndefined();
});
