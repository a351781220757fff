import { expect, test } from 'bun:test';
import type { ContainerState } from './contract.ts';
import { restartDelay, restartsWithEngine } from './restart-policy.ts';
import { parseSignal } from './signals.ts';
import { next } from './state.ts';

const at = (second: number) => new Date(Date.UTC(2026, 0, 1, 0, 0, second));
const created: ContainerState = { status: 'created' };
const running: ContainerState = { status: 'running', pid: 7, startedAt: at(1) };
const exit = { exitCode: 3, signal: null, finishedAt: at(5), oomKilled: false };

test('a container is created, runs, is frozen and thawed, ends and runs again', () => {
  let state = next(created, { kind: 'started', pid: 7, startedAt: at(1) });
  expect(state).toEqual(running);
  state = next(state, { kind: 'paused' });
  expect(state.status).toBe('paused');
  state = next(state, { kind: 'unpaused' });
  expect(state).toEqual(running);
  state = next(state, { kind: 'exited', exit, restarts: false });
  expect(state).toEqual({ status: 'exited', exitCode: 3, startedAt: at(1), finishedAt: at(5), oomKilled: false });
  expect(next(state, { kind: 'started', pid: 8, startedAt: at(9) })).toEqual({ status: 'running', pid: 8, startedAt: at(9) });
});

test('a restart policy puts `restarting` between two runs, and a user may end it there', () => {
  const between = next(running, { kind: 'exited', exit, restarts: true });
  expect(between).toEqual({ status: 'restarting', pid: 0, startedAt: at(1), last: { exitCode: 3, finishedAt: at(5), oomKilled: false } });
  expect(next(between, { kind: 'started', pid: 9, startedAt: at(6) }).status).toBe('running');
  expect(next(between, { kind: 'restartCancelled' })).toEqual({
    status: 'exited',
    exitCode: 3,
    startedAt: at(1),
    finishedAt: at(5),
    oomKilled: false,
  });
});

test('a start that fails keeps what the container was, with the reason', () => {
  const failed = { kind: 'startFailed', message: 'no', exitCode: 127, at: at(9) } as const;
  expect(next(created, failed)).toEqual({ status: 'created', error: 'no', exitCode: 127 });
  const ended = next(running, { kind: 'exited', exit, restarts: false });
  expect(next(ended, failed)).toMatchObject({ status: 'exited', error: 'no', exitCode: 127, finishedAt: at(5) });
  const between = next(running, { kind: 'exited', exit, restarts: true });
  expect(next(between, failed)).toMatchObject({ status: 'exited', error: 'no', exitCode: 127, finishedAt: at(9) });
});

test.each([
  ['started', running, { kind: 'started', pid: 1, startedAt: at(1) }],
  ['paused', created, { kind: 'paused' }],
  ['unpaused', running, { kind: 'unpaused' }],
  ['restartCancelled', running, { kind: 'restartCancelled' }],
] as const)('%s is refused where it cannot be', (_kind, state, event) => {
  expect(() => next(state, event)).toThrow('Cannot change container');
});

const run = { exitCode: 1, ranForMs: 5, stopRequested: false, restartCount: 0, lastDelayMs: 0 };

test('restart policies', () => {
  const policy = (Name: string, MaximumRetryCount = 0) => ({ Name, MaximumRetryCount });
  expect(restartDelay(policy('no'), run)).toBeUndefined();
  expect(restartDelay(policy('always'), { ...run, exitCode: 0 })).toBe(100);
  expect(restartDelay(policy('always'), { ...run, stopRequested: true })).toBeUndefined();
  expect(restartDelay(policy('unless-stopped'), { ...run, lastDelayMs: 100 })).toBe(200);
  expect(restartDelay(policy('always'), { ...run, lastDelayMs: 51_200 })).toBe(60_000);
  expect(restartDelay(policy('always'), { ...run, lastDelayMs: 51_200, ranForMs: 10_000 })).toBe(100);
  expect(restartDelay(policy('on-failure'), { ...run, exitCode: 0 })).toBeUndefined();
  expect(restartDelay(policy('on-failure', 2), { ...run, restartCount: 1 })).toBe(100);
  expect(restartDelay(policy('on-failure', 2), { ...run, restartCount: 2 })).toBeUndefined();
});

test('what comes back with the engine', () => {
  const policy = (Name: string) => ({ Name, MaximumRetryCount: 0 });
  const ended = { exitCode: 0, stoppedByUser: true, restartCount: 0 };
  expect(restartsWithEngine(policy('no'), ended)).toBe(false);
  expect(restartsWithEngine(policy('always'), ended)).toBe(true);
  expect(restartsWithEngine(policy('unless-stopped'), ended)).toBe(false);
  expect(restartsWithEngine(policy('unless-stopped'), { ...ended, stoppedByUser: false })).toBe(true);
  expect(restartsWithEngine(policy('on-failure'), { ...ended, stoppedByUser: false })).toBe(false);
  expect(restartsWithEngine(policy('on-failure'), { ...ended, stoppedByUser: false, exitCode: 2 })).toBe(true);
});

test.each([
  ['9', 9],
  ['KILL', 9],
  ['sigterm', 15],
  ['SIGRTMIN+3', 37],
  ['RTMAX', 64],
  ['rtmax-1', 63],
])('signal %p is %p', (text, number) => {
  expect(parseSignal(text)).toBe(number);
});

test.each(['', '0', '65', 'NONE', 'RTMIN-1', 'RTMAX-99', '-9', '9x'])('%p is no signal', (text) => {
  expect(() => parseSignal(text)).toThrow(`invalid signal: ${text}`);
});
