/** A new 64-digit lower-case hexadecimal id, as Docker gives containers, execs and networks. */
export function newId(): string {
  // The global one: loading `node:crypto` would cost each command of the command line 7 ms.
  return Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString('hex');
}

/** The 12-digit form that lists show. Accepts a digest's `sha256:` prefix. */
export function shortId(id: string): string {
  const colon = id.indexOf(':');
  return id.slice(colon + 1, colon + 13);
}
