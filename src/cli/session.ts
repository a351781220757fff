import type { Connection, EngineClient } from '../client/index.ts';
import type { CliIo } from './io.ts';
import { watchDetachKeys } from './detach-keys.ts';
import { copyInput, copyOutput, readConnection } from './streams.ts';

/** What joins the user to a container for a while. */
export interface Session {
  readonly connection: Connection;
  readonly tty: boolean;
  readonly stdin: boolean;
  /** As the user writes them, '' for the default. */
  readonly detachKeys: string;
}

/**
 * Joins stdin and the output until the container's output ends; the terminal is raw meanwhile. Whether the user typed the detach keys: then the
 * container may run on, and has no exit code.
 */
export async function runSession(session: Session, io: CliIo): Promise<{ readonly detached: boolean }> {
  const watch = watchDetachKeys(session.detachKeys);
  let detached = false;
  const raw = session.tty && session.stdin && io.stdin.isTerminal;
  if (raw) io.stdin.setRaw(true);
  try {
    if (session.stdin) {
      void copyInput(session.connection, io, (bytes) => {
        if (session.tty) detached = watch(bytes);
      });
    }
    await copyOutput(readConnection(session.connection), session.tty, io);
    return { detached };
  } finally {
    if (raw) io.stdin.setRaw(false);
    session.connection.destroy();
  }
}

/** Tells `path` (a container's or exec's `/resize`) the terminal's size now and after each change, until the returned
 * function is called; `redraws` makes a program show itself at once. */
export async function followTerminalSize(
  client: EngineClient,
  path: string,
  io: CliIo,
  options: { readonly redraws?: boolean } = {},
): Promise<() => void> {
  const resize = async (more = 0) => {
    const size = io.stdout.size();
    if (size === undefined || (size.rows === 0 && size.columns === 0)) return;
    try {
      await client.request('POST', path, { query: { h: size.rows + more, w: size.columns + more } });
    } catch {
      // It may have ended already; the next change tries again.
    }
  };
  const stop = io.onSignal('SIGWINCH', () => void resize());
  // A program draws itself anew only when the size really changes.
  if (options.redraws === true) await resize(1);
  await resize();
  return stop;
}

// The others are about this process itself, or Bun keeps them.
const forwarded = 'SIGHUP SIGINT SIGQUIT SIGUSR1 SIGUSR2 SIGALRM SIGTERM SIGCONT'.split(' ') as NodeJS.Signals[];

/** Hands the signals this process gets to the container, until the returned function is called. */
export function forwardSignals(client: EngineClient, container: string, io: CliIo): () => void {
  const stops = forwarded.map((name) =>
    io.onSignal(name, () => {
      const signal = name.replace(/^SIG/, '');
      // A container that has ended cannot be told.
      client.request('POST', `/containers/${container}/kill`, { query: { signal } }).catch(() => undefined);
    }),
  );
  return () => {
    for (const stop of stops) stop();
  };
}
