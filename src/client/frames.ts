/** One piece of a container's output. */
export interface OutputFrame {
  readonly stream: 'stdin' | 'stdout' | 'stderr' | 'system';
  readonly bytes: Uint8Array;
}

const streamNames = ['stdin', 'stdout', 'stderr', 'system'] as const;
const headerBytes = 8;

/**
 * Splits a multiplexed stream (Docker's `application/vnd.docker.multiplexed-stream`: `[type 0 0 0 length-u32-be]` and payload).
 * Payloads are handed on as they arrive, so a frame of any length costs no memory. @throws when the stream is not framed so.
 */
export async function* demultiplex(source: AsyncIterable<Uint8Array>): AsyncGenerator<OutputFrame, void> {
  const header = new Uint8Array(headerBytes);
  let filled = 0;
  let left = 0;
  let stream: OutputFrame['stream'] = 'stdout';
  for await (const chunk of source) {
    let rest = chunk;
    while (rest.length > 0) {
      if (left > 0) {
        const bytes = rest.subarray(0, left);
        yield { stream, bytes };
        left -= bytes.length;
        rest = rest.subarray(bytes.length);
        continue;
      }
      const taken = rest.subarray(0, headerBytes - filled);
      header.set(taken, filled);
      filled += taken.length;
      rest = rest.subarray(taken.length);
      if (filled < headerBytes) continue;
      const name = streamNames[header[0]!];
      if (name === undefined) throw new Error(`Unrecognized input header: ${header[0]}`);
      stream = name;
      left = ((header[4]! << 24) | (header[5]! << 16) | (header[6]! << 8) | header[7]!) >>> 0;
      filled = 0;
    }
  }
  if (filled > 0 || left > 0) throw new Error('unexpected EOF');
}
