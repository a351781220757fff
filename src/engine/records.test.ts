import type { Database } from 'bun:sqlite';
import { expect, test } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { recordOf } from './house.test-helper.ts';
import { makeUpName, parseContainerName } from './names.ts';
import { openDatabase } from './open-database.ts';
import { ContainerRecords } from './records.ts';

function withRecords(work: (records: ContainerRecords, reopen: () => ContainerRecords, database: Database) => void): void {
  const directory = mkdtempSync(join(tmpdir(), 'berth-records-'));
  const path = join(directory, 'db.sqlite');
  let database = openDatabase(path);
  try {
    const reopen = () => {
      database.close();
      database = openDatabase(path);
      return new ContainerRecords(database);
    };
    work(new ContainerRecords(database), reopen, database);
  } finally {
    database.close();
    rmSync(directory, { recursive: true });
  }
}

const idOf = (digits: string) => digits.padEnd(64, '0');

test('a record comes back from the database as it was, dates included', () => {
  withRecords((records, reopen) => {
    const record = recordOf({ id: idOf('a1'), name: 'one' });
    records.insert(record);
    const state = { status: 'exited', exitCode: 2, startedAt: new Date(1000), finishedAt: new Date(2000), oomKilled: true } as const;
    const health = {
      status: 'healthy',
      failingStreak: 0,
      log: [{ startedAt: new Date(5), endedAt: new Date(6), exitCode: 0, output: 'ok' }],
    } as const;
    const updated = records.update(record.id, { state, health, restartCount: 3, stoppedByUser: true });
    expect(updated.revision).toBe(2);
    expect(record.state.status).toBe('created');
    expect(reopen().find(record.id)).toEqual(updated);
  });
});

test('a container is found by id, name, slashed name and id prefix', () => {
  withRecords((records) => {
    const one = recordOf({ id: idOf('abc1'), name: 'one' });
    const two = recordOf({ id: idOf('abc2'), name: 'abc' });
    records.insert(one);
    records.insert(two);
    for (const words of [one.id, 'one', '/one', 'abc1']) expect(records.resolve(words)).toBe(one);
    expect(records.resolve('abc')).toBe(two);
    expect(() => records.resolve('ab')).toThrow('Multiple IDs found with provided prefix: ab');
    expect(() => records.resolve('nope')).toThrow('No such container: nope');
    expect(records.list()).toEqual([two, one]);
    expect(records.list()).toBe(records.list());
  });
});

test("a name is one container's, and so while it is being made", () => {
  withRecords((records, reopen) => {
    const release = records.reserveName('web', 'first');
    expect(() => records.reserveName('web', 'second')).toThrow(
      'Conflict. The container name "/web" is already in use by container "first". ' +
        'You have to remove (or rename) that container to be able to reuse that name.',
    );
    release();
    records.insert(recordOf({ id: idOf('1'), name: 'web' }));
    expect(() => records.reserveName('web', 'second')).toThrow('already in use');
    records.update(idOf('1'), { name: 'db' });
    records.reserveName('web', 'second')();
    expect(records.findByName('db')?.id).toBe(idOf('1'));
    expect(reopen().findByName('db')?.id).toBe(idOf('1'));
  });
});

test('what has happened is known even when it cannot be written', () => {
  withRecords((records, reopen, database) => {
    const record = recordOf();
    records.insert(record);
    // As a full disk: SQLite refuses to grow the file.
    database.run('PRAGMA query_only = ON');
    const reported: unknown[] = [];
    expect(() => records.update(record.id, { restartCount: 1 })).toThrow();
    expect(records.find(record.id)).toBe(record);
    expect(records.note(record.id, { restartCount: 1 }, (error) => reported.push(error)).restartCount).toBe(1);
    expect(reported).toHaveLength(1);
    expect(records.find(record.id)?.restartCount).toBe(1);
    database.run('PRAGMA query_only = OFF');
    expect(reopen().find(record.id)?.restartCount).toBe(0);
  });
});

test('a deleted record is gone, and deleting it again is no error', () => {
  withRecords((records, reopen) => {
    const record = recordOf();
    records.insert(record);
    records.delete(record.id);
    records.delete(record.id);
    expect(records.list()).toEqual([]);
    expect(() => records.update(record.id, { restartCount: 1 })).toThrow('No such container');
    expect(reopen().list()).toEqual([]);
  });
});

test.each(['a', '-a', 'a b', 'ä1', '../x', ''])('%p is no container name', (name) => {
  expect(() => parseContainerName(name)).toThrow(`Invalid container name (${name}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed`);
});

test('made-up names are names, and never one that is taken', () => {
  expect(parseContainerName(makeUpName(() => false, Math.random))).toMatch(/^[a-z]+_[a-z]+$/);
  let asked = 0;
  const name = makeUpName(
    () => (asked += 1) < 30,
    () => 0,
  );
  expect(name).toMatch(/^able_allen\d+$/);
  expect(parseContainerName('/web.1')).toBe('web.1');
});
