import { expect, test } from 'bun:test';
import { readdirSync } from 'node:fs';
import { run } from '../harness/index.ts';

test('the demo of the README runs to its end and leaves nothing', async () => {
  const before = readdirSync('/tmp').filter((name) => name.startsWith('berth-demo.'));
  const { code, both } = await run(['bash', 'tools/demo.sh'], { timeout: 400 });
  expect(both).toContain('Hello from berth!');
  expect(both).toContain('Debian GNU/Linux');
  expect(both).toMatch(/pid +shell \[\d+\] +container \[\d+\] +its own/);
  expect(both).toContain('still pid');
  expect(code).toBe(0);
  expect(readdirSync('/tmp').filter((name) => name.startsWith('berth-demo.'))).toEqual(before);
}, 420_000);
