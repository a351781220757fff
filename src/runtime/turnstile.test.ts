import { expect, test } from 'bun:test';
import { Turnstile } from './turnstile.ts';

test('no more than its width are under way, in order, and a failure lets the next one in', async () => {
  const turnstile = new Turnstile(2);
  const begun: number[] = [];
  let busy = 0;
  const work = (index: number) =>
    turnstile.pass(async () => {
      begun.push(index);
      expect(++busy).toBeLessThanOrEqual(2);
      await new Promise((resolve) => setImmediate(resolve));
      busy--;
      if (index === 1) throw new Error('one');
      return index;
    });
  const results = await Promise.allSettled([0, 1, 2, 3, 4].map(work));
  expect(begun).toEqual([0, 1, 2, 3, 4]);
  expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'fulfilled', 'fulfilled']);
  expect(await work(5)).toBe(5);
});
