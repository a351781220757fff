/** Where an engine listens. */
export type Host =
  | { readonly kind: 'unix'; readonly url: string; readonly path: string }
  | { readonly kind: 'tcp'; readonly url: string; readonly hostname: string; readonly port: number };

/**
 * The place a host string names: `unix:///run/x.sock`, a bare `/run/x.sock`, `tcp://host:port`, `http://host:port`.
 * @throws {RangeError} for anything else.
 */
export function parseHost(text: string): Host {
  if (text.startsWith('/')) return { kind: 'unix', url: `unix://${text}`, path: text };
  if (text.startsWith('unix://')) {
    const path = text.slice('unix://'.length);
    if (path === '') throw new RangeError(`unable to parse docker host \`${text}\``);
    return { kind: 'unix', url: text, path };
  }
  const match = /^(?:tcp|http):\/\/(\[[^\]]+\]|[^:/]*)(?::(\d{1,5}))?\/?$/.exec(text);
  if (match === null) throw new RangeError(`unable to parse docker host \`${text}\``);
  const hostname = (match[1] === '' ? '127.0.0.1' : match[1]!).replace(/^\[|\]$/g, '');
  return { kind: 'tcp', url: text, hostname, port: Number(match[2] ?? 2375) };
}
