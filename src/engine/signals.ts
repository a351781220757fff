import { constants } from 'node:os';
import { EngineError } from '../base/index.ts';

const highest = 64;
const realTimeMinimum = 34;

/**
 * The number of a signal as `--signal` takes it: `9`, `KILL`, `SIGKILL`, `RTMIN+3`, `rtmax-1`; case does not matter.
 * @throws {EngineError} InvalidArgument `invalid signal: x`.
 */
export function parseSignal(text: string): number {
  const number = /^\d+$/.test(text) ? Number(text) : named(text.toUpperCase().replace(/^SIG/, ''));
  if (number === undefined || number < 1 || number > highest) throw new EngineError('InvalidArgument', `invalid signal: ${text}`);
  return number;
}

function named(name: string): number | undefined {
  const realTime = /^RT(MIN|MAX)(?:([+-])(\d+))?$/.exec(name);
  if (realTime !== null) {
    const [, end, sign, offset] = realTime;
    if ((end === 'MIN' && sign === '-') || (end === 'MAX' && sign === '+')) return undefined;
    const number = end === 'MIN' ? realTimeMinimum + Number(offset ?? 0) : highest - Number(offset ?? 0);
    return number < realTimeMinimum || number > highest ? undefined : number;
  }
  if (name === 'CLD') return constants.signals.SIGCHLD;
  return (constants.signals as Readonly<Record<string, number>>)[`SIG${name}`];
}
