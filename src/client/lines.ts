const maximumLineBytes = 16 << 20;

/** The lines of a stream, without those that are blank. @throws on one over 16 MiB. */
export async function* readLines(source: AsyncIterable<Uint8Array>): AsyncGenerator<string, void> {
  const decoder = new TextDecoder();
  let pending = '';
  for await (const chunk of source) {
    pending += decoder.decode(chunk, { stream: true });
    let start = 0;
    for (let end = pending.indexOf('\n'); end !== -1; end = pending.indexOf('\n', start)) {
      const line = pending.slice(start, end).trim();
      start = end + 1;
      if (line !== '') yield line;
    }
    pending = pending.slice(start);
    if (pending.length > maximumLineBytes) throw new Error('an answer line is too long');
  }
  if (pending.trim() !== '') yield pending.trim();
}

/** The JSON values of a stream with one on each line. @throws on a malformed line and on one over 16 MiB. */
export async function* readJsonLines<T>(source: AsyncIterable<Uint8Array>): AsyncGenerator<T, void> {
  for await (const line of readLines(source)) yield JSON.parse(line) as T;
}
