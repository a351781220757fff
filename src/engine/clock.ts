/** Passed in, so that tests choose the time. */
export interface Clock {
  now(): Date;
  /** Nanoseconds since 1970, for event times; never goes back within one engine. */
  unixNanos(): bigint;
}

/** The machine's clock. */
export function systemClock(): Clock {
  const startNanos = BigInt(Math.round(performance.timeOrigin * 1e6));
  return {
    now: () => new Date(),
    unixNanos: () => startNanos + BigInt(Math.round(performance.now() * 1e6)),
  };
}
