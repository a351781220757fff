/** An instant with nanoseconds, which a JavaScript number cannot hold: whole seconds since 1970 and the nanoseconds within. */
export interface Instant {
  readonly seconds: number;
  readonly nanos: number;
}

/** Microsecond wall time. `performance.now` is finer than `Date.now` but does not follow a clock that is set: the two are compared each time. */
export class WallClock {
  #origin = performance.timeOrigin;

  now(): Instant {
    const coarse = Date.now();
    let fine = this.#origin + performance.now();
    if (Math.abs(fine - coarse) > 2) {
      this.#origin += coarse - fine;
      fine = coarse;
    }
    const seconds = Math.floor(fine / 1000);
    return { seconds, nanos: Math.floor((fine - seconds * 1000) * 1e6) };
  }
}

const digitZero = 48;

/**
 * Hands out ever later times as text, cheaply: thousands of lines of one chunk differ by a nanosecond each, so only the last digits change.
 * The last digit is never zero, because Go's RFC3339Nano leaves trailing zeros out and the text must keep its length.
 */
export class StampSequence {
  #seconds = 0;
  #nanos = 0;

  /** Moves to `instant`, unless later stamps were given out already. */
  advance(instant: Instant): void {
    if (instant.seconds > this.#seconds || (instant.seconds === this.#seconds && instant.nanos > this.#nanos)) {
      this.#seconds = instant.seconds;
      this.#nanos = instant.nanos;
    }
    if (this.#nanos % 10 === 0) this.#nanos += 1;
  }

  /** `2026-11-27T16:16:11.123456789Z`, 30 bytes, written at `offset`. */
  write(target: Uint8Array, offset: number): void {
    const text = new Date(this.#seconds * 1000).toISOString();
    for (let index = 0; index < 20; index++) target[offset + index] = text.charCodeAt(index);
    target[offset + 19] = 46;
    let rest = this.#nanos;
    for (let index = 28; index > 19; index--) {
      target[offset + index] = digitZero + (rest % 10);
      rest = Math.floor(rest / 10);
    }
    target[offset + 29] = 90;
  }

  /** The next stamp, in place over the one that `write` left at `offset`. */
  step(target: Uint8Array, offset: number): void {
    const last = target[offset + 28]!;
    if (last < digitZero + 9) {
      target[offset + 28] = last + 1;
      this.#nanos += 1;
      return;
    }
    this.#nanos += 2;
    if (this.#nanos >= 1_000_000_000) {
      this.#nanos -= 1_000_000_000;
      this.#seconds += 1;
    }
    this.write(target, offset);
  }
}

/** Milliseconds since 1970 of an RFC 3339 time with up to nine digits, and the nanoseconds within the second. Undefined when it is none. */
export function parseStamp(text: string): Instant | undefined {
  const match = /^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})(?:\.(\d{1,9}))?(Z|[+-]\d{2}:\d{2})$/.exec(text);
  if (match === null) return undefined;
  const milliseconds = Date.parse(`${match[1]}${match[3]}`);
  if (Number.isNaN(milliseconds)) return undefined;
  return { seconds: milliseconds / 1000, nanos: Number((match[2] ?? '').padEnd(9, '0')) };
}

/** With nine digits always, as `logs --timestamps` prints (moby: RFC3339NanoFixed). */
export function formatStamp(instant: Instant): string {
  return `${new Date(instant.seconds * 1000).toISOString().slice(0, 19)}.${String(instant.nanos).padStart(9, '0')}Z`;
}

export function instantOf(date: Date): Instant {
  const seconds = Math.floor(date.getTime() / 1000);
  return { seconds, nanos: (date.getTime() - seconds * 1000) * 1e6 };
}

export function isBefore(a: Instant, b: Instant): boolean {
  return a.seconds < b.seconds || (a.seconds === b.seconds && a.nanos < b.nanos);
}
