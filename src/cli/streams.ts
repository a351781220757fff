import { demultiplex, type Connection } from '../client/index.ts';
import type { CliIo } from './io.ts';

/** Copies a container's output to stdout and stderr until it ends. A terminal's output is one stream, any other is multiplexed. */
export async function copyOutput(source: AsyncIterable<Uint8Array>, tty: boolean, io: CliIo): Promise<void> {
  if (tty) {
    for await (const bytes of source) await io.stdout.write(bytes);
    return;
  }
  for await (const { stream, bytes } of demultiplex(source)) {
    if (stream === 'system') throw new Error(`error from daemon in stream: ${Buffer.from(bytes).toString()}`);
    await (stream === 'stderr' ? io.stderr : io.stdout).write(bytes);
  }
}

/** The bytes a hijacked connection brings. */
export async function* readConnection(connection: Connection): AsyncGenerator<Uint8Array, void> {
  for (let bytes = await connection.read(); bytes !== undefined; bytes = await connection.read()) yield bytes;
}

/** Sends stdin to the container, then closes that half; `typed` sees all of it first. Ends quietly when the container has gone. */
export async function copyInput(connection: Connection, io: CliIo, typed: (bytes: Uint8Array) => void): Promise<void> {
  try {
    for await (const bytes of io.stdin.stream()) {
      typed(bytes);
      await connection.write(bytes);
    }
    connection.closeWrite();
  } catch {
    // The container ended, or its stdin did: nobody is left to read the rest.
  }
}
