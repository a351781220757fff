import { formatDuration } from '../../base/index.ts';

/** How long ago an instant was, `5 minutes ago`; an instant to come counts as now. */
export function ago(instant: Date, now = Date.now()): string {
  return `${formatDuration(Math.max(0, now - instant.getTime()))} ago`;
}

/** An instant as Go's `Time.String` shows it in UTC-less form, `2026-11-27 16:23:47 +0000 UTC`, in the machine's zone. */
export function localTime(instant: Date): string {
  const offset = -instant.getTimezoneOffset();
  const local = new Date(instant.getTime() + offset * 60_000).toISOString();
  const sign = offset < 0 ? '-' : '+';
  const digits = `${String(Math.trunc(Math.abs(offset) / 60)).padStart(2, '0')}${String(Math.abs(offset) % 60).padStart(2, '0')}`;
  const zone =
    offset === 0
      ? 'UTC'
      : (/\(?([A-Z]{2,5})\)?$/.exec(instant.toLocaleTimeString('en-US', { timeZoneName: 'short' }))?.[1] ?? `${sign}${digits}`);
  return `${local.slice(0, 10)} ${local.slice(11, 19)} ${sign}${digits} ${zone}`;
}

/** `localTime` in RFC 3339, `2026-11-27T16:23:47Z`. */
export function rfc3339(instant: Date): string {
  const offset = -instant.getTimezoneOffset();
  const local = new Date(instant.getTime() + offset * 60_000).toISOString().slice(0, 19);
  if (offset === 0) return `${local}Z`;
  const hours = String(Math.trunc(Math.abs(offset) / 60)).padStart(2, '0');
  return `${local}${offset < 0 ? '-' : '+'}${hours}:${String(Math.abs(offset) % 60).padStart(2, '0')}`;
}
