import { EngineError } from './errors.ts';

const binaryUnits: Readonly<Record<string, number>> = { '': 1, b: 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30, t: 2 ** 40, p: 2 ** 50 };

/**
 * Bytes of a size as `--memory` and `--shm-size` take it: a number with an optional unit `b k m g t p`, also `kb`, `kib`; all
 * are powers of 1024 (go-units RAMInBytes). @throws {EngineError} InvalidArgument, `invalid size: 'x'`.
 */
export function parseSize(text: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*([bkmgtp]?)(i?b)?$/i.exec(text.trim());
  const unit = match === null ? undefined : binaryUnits[match[2]!.toLowerCase()];
  if (match === null || unit === undefined) throw new EngineError('InvalidArgument', `invalid size: '${text}'`);
  return Math.trunc(Number(match[1]) * unit);
}

const decimalNames = ['B', 'kB', 'MB', 'GB', 'TB', 'PB', 'EB'] as const;
const binaryNames = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB'] as const;

/** A size for lists of images and layers: powers of 1000, four digits at most, `7.66MB` (go-units HumanSize). */
export function formatSize(bytes: number, precision = 4): string {
  return scaled(bytes, 1000, decimalNames, precision);
}

/** A size for statistics: powers of 1024, `1.5MiB` (go-units BytesSize). */
export function formatBinarySize(bytes: number): string {
  return scaled(bytes, 1024, binaryNames, 4);
}

function scaled(bytes: number, step: number, names: readonly string[], precision: number): string {
  let size = bytes;
  let index = 0;
  while (size >= step && index < names.length - 1) {
    size /= step;
    index += 1;
  }
  return `${trimmed(size, precision)}${names[index]}`;
}

// Go's %.Ng: N significant digits, exponent form past them, no trailing zeros.
function trimmed(value: number, precision: number): string {
  return Number(value.toPrecision(precision)).toString();
}
