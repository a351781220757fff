type Environment = Readonly<Record<string, string | undefined>>;

/** The proxy for a URL by the usual variables; undefined: none. Never one for this machine itself, as Go's clients. */
export function proxyFor(url: URL, env: Environment): string | undefined {
  const name = url.protocol === 'https:' ? 'HTTPS_PROXY' : 'HTTP_PROXY';
  const proxy = env[name] ?? env[name.toLowerCase()];
  if (proxy === undefined || proxy === '') return undefined;
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  if (host === 'localhost' || host === '::1' || host.startsWith('127.')) return undefined;
  const except = (env['NO_PROXY'] ?? env['no_proxy'] ?? '').split(',').map((word) => word.trim().toLowerCase());
  if (except.some((word) => word !== '' && matches(word, host, url.port))) return undefined;
  return /^https?:\/\//.test(proxy) ? proxy : `http://${proxy}`;
}

function matches(word: string, host: string, port: string): boolean {
  if (word === '*') return true;
  const [name = '', wantedPort] = word.split(':');
  if (wantedPort !== undefined && wantedPort !== port) return false;
  const bare = name.replace(/^\*?\./, '');
  return host === bare || host.endsWith(`.${bare}`);
}
