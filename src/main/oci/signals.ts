import { constants } from 'node:os';
import { EngineError } from '../../base/index.ts';

/** The number of `9`, `KILL` or `SIGKILL`. @throws {EngineError} InvalidArgument. */
export function parseSignal(text: string): number {
  if (/^\d+$/.test(text) && Number(text) <= 64) return Number(text);
  const name = `SIG${text.toUpperCase().replace(/^SIG/, '')}` as keyof typeof constants.signals;
  const number = constants.signals[name];
  if (number === undefined) throw new EngineError('InvalidArgument', `unknown signal ${JSON.stringify(text)}`);
  return number;
}
