/** Go's zero time, where Docker has none. */
export const zeroTime = '0001-01-01T00:00:00Z';

/** An instant as Go's RFC3339Nano prints it: no trailing zeros. `nanos` are within the second, when more than milliseconds are known. */
export function formatTime(at: Date | undefined, nanos?: number): string {
  if (at === undefined) return zeroTime;
  const text = at.toISOString();
  const fraction = nanos === undefined ? text.slice(20, 23) : String(nanos).padStart(9, '0');
  const digits = fraction.replace(/0+$/, '');
  return `${text.slice(0, 19)}${digits === '' ? '' : `.${digits}`}Z`;
}

/** Seconds since 1970, as most lists show times. */
export function unixSeconds(at: Date): number {
  return Math.floor(at.getTime() / 1000);
}
