import { join } from 'node:path';
import { expect, test } from 'bun:test';
import { newId, silentLog } from '../base/index.ts';
import { createCgroupDriver, createRuntime } from './index.ts';

test('a sweep ends and removes what nobody knows, and nothing else', async () => {
  const cgroupParent = `berth-test-${newId().slice(0, 8)}`;
  const cgroups = createCgroupDriver();
  const [kept, lost] = [newId(), newId()];
  await using runtime = createRuntime({ launcher: join(import.meta.dir, '../../build/launcher'), cgroupParent, log: silentLog });
  for (const id of [kept, lost]) cgroups.create(`/${cgroupParent}/${id}`, {});
  await runtime.sweep(new Set([kept]));
  expect(cgroups.listOwned(cgroupParent)).toEqual([kept]);
  await runtime.sweep(new Set());
  expect(cgroups.listOwned(cgroupParent)).toEqual([]);
});
