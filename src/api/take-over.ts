import type { AttachSession } from '../engine/index.ts';
import type { Call } from './call.ts';
import { frame, rawStream, streamType } from './frames.ts';
import { acceptWebSocket, type Duplex, type HttpAnswer } from './http/index.ts';

/**
 * Hands the connection to a session: 101 when the client asked for an upgrade, else a plain 200 and raw bytes. The client's half-close ends
 * stdin, output still drains; a client that vanishes ends the session; a slow one holds the session back.
 */
export function takeOver(call: Call, session: AttachSession): HttpAnswer {
  return takeOverWith(call, session.terminal, (duplex) => join(duplex, session));
}

/** As `takeOver`, for anything that talks over the connection. */
export function takeOverWith({ request, minor }: Call, terminal: boolean, run: (duplex: Duplex) => Promise<void>): HttpAnswer {
  const upgrade = request.head.upgrade;
  return {
    kind: 'takeover',
    status: upgrade === undefined ? 200 : 101,
    headers: {
      'Content-Type': upgrade === undefined ? rawStream : streamType(terminal, minor),
      ...(upgrade === undefined ? {} : { Upgrade: upgrade }),
    },
    run,
  };
}

/** A session over a WebSocket: both streams raw, as Docker sends them. */
export function takeOverWebSocket({ request }: Call, session: AttachSession): HttpAnswer {
  return acceptWebSocket(request, {}, (duplex) => join(duplex, session, true));
}

async function join(duplex: Duplex, session: AttachSession, raw = session.terminal): Promise<void> {
  await using held = session;
  const dispose = () => void held[Symbol.asyncDispose]();
  duplex.signal.addEventListener('abort', dispose, { once: true });
  if (duplex.signal.aborted) return;
  const input = feed(duplex, session);
  input.catch(() => {}); // A session that has ended takes no more input; its output tells how it ended.
  for await (const chunk of session.output) {
    const room = duplex.write(raw ? chunk.bytes : frame(chunk));
    if (room !== undefined) await room;
  }
  duplex.signal.removeEventListener('abort', dispose);
}

async function feed(duplex: Duplex, session: AttachSession): Promise<void> {
  for await (const bytes of duplex.input) await session.write(bytes);
  if (!duplex.signal.aborted) await session.closeStdin();
}
