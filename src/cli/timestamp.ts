import { parseDuration } from '../base/index.ts';

/**
 * Seconds since 1970, with nanoseconds, of what a user means by `--since` and `--until`: seconds already, a Go duration back from now, or a
 * date with as much of RFC 3339 as is there (local time without a zone). undefined for ''. @throws with Docker's words.
 */
export function timestampQuery(text: string, now = Date.now()): string | undefined {
  if (text === '') return undefined;
  if (/^\d+(\.\d+)?$/.test(text)) return text;
  try {
    const at = now - parseDuration(text) / 1e6;
    return (at / 1000).toFixed(9);
  } catch {
    // Not a duration: a date then.
  }
  const match = /^(\d{4})-(\d\d)-(\d\d)(?:T(\d\d)(?::(\d\d)(?::(\d\d)(\.\d{1,9})?)?)?)?(Z|[+-]\d\d:\d\d)?$/.exec(text);
  if (match === null) throw new Error(`failed to parse value as time or duration: ${JSON.stringify(text)}`);
  const [, year, month, day, hour = '00', minute = '00', second = '00', fraction = '', zone = ''] = match;
  const at = new Date(`${year}-${month}-${day}T${hour}:${minute}:${second}${zone}`).getTime() / 1000;
  return `${at}.${fraction.slice(1).padEnd(9, '0')}`;
}
