const maximumLineBytes = 16 << 20;

/** The JSON values of a stream with one on each line. @throws on a malformed line and on one over 16 MiB. */
export async function* readJsonLines<T>(source: AsyncIterable<Uint8Array>): AsyncGenerator<T, void> {
  const decoder = new TextDecoder();
  let pending = '';
  for await (const chunk of source) {
    pending += decoder.decode(chunk, { stream: true });
    if (pending.length > maximumLineBytes) throw new Error('an answer line is too long');
    let end = pending.indexOf('\n');
    while (end !== -1) {
      const line = pending.slice(0, end).trim();
      pending = pending.slice(end + 1);
      if (line !== '') yield JSON.parse(line) as T;
      end = pending.indexOf('\n');
    }
  }
  if (pending.trim() !== '') yield JSON.parse(pending) as T;
}
