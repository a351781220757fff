import { EngineError, messageOf } from '../../base/index.ts';

/** Lines of a Dockerfile, counted from 1, both ends included. */
export interface LineRange {
  readonly startLine: number;
  readonly endLine: number;
}

/** A mistake in a Dockerfile, as BuildKit prints it; `detail` has the lines. */
export function dockerfileError(message: string, range: LineRange, cause?: unknown): EngineError {
  return new EngineError('InvalidArgument', `dockerfile parse error on line ${range.startLine}: ${message}`, {
    detail: { dockerfile: { startLine: range.startLine, endLine: range.endLine } },
    cause,
  });
}

/** What `work` gives; its errors get the lines of `range`, unless they have some already. */
export function atLines<T>(range: LineRange, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof EngineError) || error.detail['dockerfile'] !== undefined) throw error;
    throw dockerfileError(messageOf(error), range, error);
  }
}

/** A mistake whose place the caller adds with `atLines`. */
export function invalid(message: string): EngineError {
  return new EngineError('InvalidArgument', message);
}

/** ` (did you mean X?)` for the one of `options` that is near to `word`, or nothing. */
export function didYouMean(word: string, options: readonly string[]): string {
  let best: string | undefined;
  let least = 3;
  for (const option of options) {
    const distance = editDistance(word.slice(0, 64).toLowerCase(), option.toLowerCase());
    if (distance >= least) continue;
    least = distance;
    best = option;
  }
  return best === undefined ? '' : ` (did you mean ${best}?)`;
}

function editDistance(left: string, right: string): number {
  let row = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (let at = 0; at < left.length; at++) {
    const next = [at + 1];
    for (let to = 0; to < right.length; to++) {
      const swap = row[to]! + (left[at] === right[to] ? 0 : 1);
      next.push(Math.min(swap, row[to + 1]! + 1, next[to]! + 1));
    }
    row = next;
  }
  return row[right.length]!;
}
