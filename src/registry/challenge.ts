/** One way in that a `WWW-Authenticate` header offers. RFC 9110 11.6.1; distribution-spec's token protocol. */
export interface Challenge {
  /** Lower case: `bearer`, `basic`. */
  readonly scheme: string;
  readonly parameters: Readonly<Record<string, string>>;
}

const maximumLength = 8192;

/** The challenges of a header, in order. Broken ones end the list. */
export function parseChallenges(header: string): readonly Challenge[] {
  const challenges: Challenge[] = [];
  let rest = header.slice(0, maximumLength).trim();
  while (rest !== '') {
    const scheme = /^([!#$%&'*+.^_`|~\w-]+)(?:\s+|$)/.exec(rest);
    if (scheme === null) break;
    rest = rest.slice(scheme[0].length);
    const parameters: Record<string, string> = {};
    for (;;) {
      const pair = /^,?\s*([!#$%&'*+.^_`|~\w-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]*))\s*/.exec(rest);
      if (pair === null) break;
      parameters[pair[1]!.toLowerCase()] = pair[2]?.replace(/\\(.)/g, '$1') ?? pair[3] ?? '';
      rest = rest.slice(pair[0].length);
    }
    challenges.push({ scheme: scheme[1]!.toLowerCase(), parameters });
    rest = rest.replace(/^[,\s]+/, '');
  }
  return challenges;
}
