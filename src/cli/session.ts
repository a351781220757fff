import { constants } from 'node:os';
import type { Connection, EngineClient } from '../client/index.ts';
import type { CliIo } from './io.ts';
import { copyInput, copyOutput, readConnection } from './streams.ts';

/** What joins the user to a container for a while. */
export interface Session {
  readonly connection: Connection;
  readonly tty: boolean;
  readonly stdin: boolean;
}

/** Joins stdin and the output until the container's output ends; the terminal is raw meanwhile. */
export async function runSession(session: Session, io: CliIo): Promise<void> {
  const raw = session.tty && session.stdin && io.stdin.isTerminal;
  if (raw) io.stdin.setRaw(true);
  try {
    if (session.stdin) void copyInput(session.connection, io);
    await copyOutput(readConnection(session.connection), session.tty, io);
  } finally {
    if (raw) io.stdin.setRaw(false);
    session.connection.destroy();
  }
}

/** Tells `path` (a container's or exec's `/resize`) the terminal's size now and after each change, until the returned function is called. */
export async function followTerminalSize(client: EngineClient, path: string, io: CliIo): Promise<() => void> {
  const resize = async () => {
    const size = io.stdout.size();
    if (size === undefined || (size.rows === 0 && size.columns === 0)) return;
    try {
      await client.request('POST', path, { query: { h: size.rows, w: size.columns } });
    } catch {
      // It may have ended already; the next change tries again.
    }
  };
  const stop = io.onSignal('SIGWINCH', () => void resize());
  await resize();
  return stop;
}

const kept = new Set(['SIGCHLD', 'SIGPIPE', 'SIGURG', 'SIGWINCH', 'SIGKILL', 'SIGSTOP', 'SIGPROF', 'SIGVTALRM', 'SIGSEGV', 'SIGILL', 'SIGFPE', 'SIGBUS', 'SIGTTIN', 'SIGTTOU', 'SIGIO', 'SIGPOLL', 'SIGUNUSED', 'SIGTSTP', 'SIGIOT', 'SIGSTKFLT', 'SIGSYS', 'SIGTRAP', 'SIGABRT', 'SIGXCPU', 'SIGXFSZ', 'SIGPWR']);

/** Hands the signals this process gets to the container, until the returned function is called. */
export function forwardSignals(client: EngineClient, container: string, io: CliIo): () => void {
  const stops = Object.keys(constants.signals)
    .filter((name) => !kept.has(name))
    .map((name) =>
      io.onSignal(name as NodeJS.Signals, () => {
        const signal = name.replace(/^SIG/, '');
        // A container that has ended cannot be told.
        client.request('POST', `/containers/${container}/kill`, { query: { signal } }).catch(() => undefined);
      }),
    );
  return () => {
    for (const stop of stops) stop();
  };
}
