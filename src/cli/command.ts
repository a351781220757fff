import type { EngineClient } from '../client/index.ts';
import type { FlagSpec, FlagValues } from './flags/index.ts';
import type { CliIo } from './io.ts';

/** One command of the command line. */
export interface Command {
  /** What follows the command's words, `[OPTIONS] CONTAINER`; of several forms each is a line of its own. */
  readonly usage: string | readonly string[];
  readonly summary: string;
  /** Paragraphs under the summary. */
  readonly details?: string;
  /** Every way to say it, `container run`; the longest first. Not needed when there is one. */
  readonly aliases?: readonly string[];
  /** How many arguments. No `maximum` means any number. */
  readonly arguments: { readonly minimum: number; readonly maximum?: number };
  readonly flags: readonly FlagSpec[];
  /** Flags end at the first argument: the rest is somebody else's command line. */
  readonly stopsAtArgument?: true;
  /** Flags it does not know are arguments, for another program. */
  readonly passesUnknownFlags?: true;
  /** Errors are `berth: …` with a hint, exit 125: `run` only. */
  readonly engineErrorExit?: 125;
  run(call: Call): Promise<number>;
}

/** A command being run. */
export interface Call {
  /** The words that called it, `berth container run`. */
  readonly path: string;
  readonly args: readonly string[];
  readonly flags: FlagValues;
  readonly io: CliIo;
  /** A client of the engine that the user means. Nothing is connected until it is used. */
  readonly client: EngineClient;
  /** Where the client's `config.json` is. */
  readonly configFolder: string;
}
