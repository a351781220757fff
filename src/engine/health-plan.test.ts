import { expect, test } from 'bun:test';
import type { HealthState } from './contract.ts';
import { healthPlan, nextHealth } from './health-plan.ts';

const start = new Date('2026-01-01T00:00:00Z');
const at = (seconds: number, exitCode: number) => {
  const time = new Date(start.getTime() + seconds * 1000);
  return { startedAt: time, endedAt: time, exitCode, output: '' };
};
const fresh: HealthState = { status: 'starting', failingStreak: 0, log: [] };
const plan = healthPlan({ Healthcheck: { Test: ['CMD-SHELL', 'true'], StartPeriod: 10e9, Retries: 2 } })!;

test('defaults are Docker’s', () => {
  expect(plan).toEqual({
    command: ['/bin/sh', '-c', 'true'],
    intervalMs: 30_000,
    timeoutMs: 30_000,
    startPeriodMs: 10_000,
    startIntervalMs: 5000,
    retries: 2,
  });
  expect(healthPlan({ Healthcheck: { Test: ['NONE'] } })).toBeUndefined();
  expect(healthPlan({})).toBeUndefined();
  expect(healthPlan({ Healthcheck: { Test: ['CMD', 'a', 'b'] } })?.command).toEqual(['a', 'b']);
});

test('failures in the start period do not count, later ones do, a success heals', () => {
  let health = nextHealth(fresh, at(5, 1), plan, start);
  expect(health).toMatchObject({ status: 'starting', failingStreak: 0 });
  health = nextHealth(health, at(11, 1), plan, start);
  expect(health).toMatchObject({ status: 'starting', failingStreak: 1 });
  health = nextHealth(health, at(12, 1), plan, start);
  expect(health).toMatchObject({ status: 'unhealthy', failingStreak: 2 });
  health = nextHealth(health, at(13, 0), plan, start);
  expect(health).toMatchObject({ status: 'healthy', failingStreak: 0 });
  for (let index = 0; index < 9; index++) health = nextHealth(health, at(14 + index, 0), plan, start);
  expect(health.log.length).toBe(5);
});

test('once healthy, the start period is over', () => {
  const healthy = nextHealth(fresh, at(1, 0), plan, start);
  expect(nextHealth(healthy, at(2, 1), plan, start).failingStreak).toBe(1);
});
