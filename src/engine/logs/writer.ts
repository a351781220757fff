import type { OutputChunk } from '../../runtime/index.ts';
import type { LiveLog } from './live-log.ts';

/** Where one run's output is kept. Synchronous: what `write` was given is kept when it returns, so nobody hears of output that could still be lost. */
export interface LogWriter {
  /** Undefined for a driver that cannot be read. */
  readonly live: LiveLog | undefined;
  write(stream: OutputChunk['stream'], bytes: Uint8Array): void;
  /** Starts of lines whose ends have not come yet: not in the log so far. */
  unfinished(): readonly OutputChunk[];
  /** The output has ended: an unfinished line is written as it is. Idempotent. */
  finish(): void;
  /** Lets go while the container runs on: an unfinished line is left for the next engine. Idempotent. */
  close(): void;
}

/** `--log-driver none`. */
export const noLog: LogWriter = { live: undefined, write() {}, unfinished: () => [], finish() {}, close() {} };
