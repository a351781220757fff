import type { ContainerLogs } from '../engine/index.ts';

type OutputChunk = ContainerLogs['output'] extends AsyncIterable<infer Chunk> ? Chunk : never;

/** One frame of Docker's multiplexed streams: stream number, three zeros, length as 32-bit big-endian, bytes. */
export function frame({ stream, bytes }: OutputChunk): Uint8Array {
  const framed = Buffer.allocUnsafe(8 + bytes.length);
  framed.writeUInt32BE(stream === 'stdout' ? 0x01000000 : 0x02000000, 0);
  framed.writeUInt32BE(bytes.length, 4);
  framed.set(bytes, 8);
  return framed;
}

/** Chunks as a client reads them: raw from a terminal, else framed. */
export async function* encodeOutput(output: AsyncIterable<OutputChunk>, terminal: boolean): AsyncGenerator<Uint8Array> {
  for await (const chunk of output) yield terminal ? chunk.bytes : frame(chunk);
}

export const rawStream = 'application/vnd.docker.raw-stream';
export const multiplexedStream = 'application/vnd.docker.multiplexed-stream';

/** The Content-Type of such a stream; only from 1.42 on does it tell the two apart. */
export function streamType(terminal: boolean, minor: number): string {
  return terminal || minor < 42 ? rawStream : multiplexedStream;
}
