import { parseDuration, parseSize } from '../../base/index.ts';
import type { FlagSpec } from './spec.ts';

/** Checks a value by its kind. @throws with the words of the reason, which are Go's where Docker shows Go's. */
export function checkValue(spec: FlagSpec, text: string): void {
  switch (spec.kind) {
    case 'bool':
      if (!/^(1|t|T|TRUE|true|True|0|f|F|FALSE|false|False)$/.test(text)) throw new Error(numberError('ParseBool', text));
      break;
    case 'int':
      checkInteger('ParseInt', text, -(2n ** 63n), 2n ** 63n - 1n);
      break;
    case 'uint':
      checkInteger('ParseUint', text, 0n, 2n ** 64n - 1n);
      break;
    case 'uint16':
      checkInteger('ParseUint', text, 0n, 65535n);
      break;
    case 'bytes':
      checkBytes(text);
      break;
    case 'decimal':
      if (!/^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(text)) throw new Error(`failed to parse ${text} as a rational number`);
      break;
    case 'duration':
      parseDuration(text);
      break;
    default:
  }
  spec.check?.(text);
}

function checkInteger(parser: string, text: string, minimum: bigint, maximum: bigint): void {
  if (!(parser === 'ParseInt' ? /^[+-]?(0x[0-9a-fA-F]+|\d+)$/ : /^(0x[0-9a-fA-F]+|\d+)$/).test(text))
    throw new Error(numberError(parser, text));
  const negative = text.startsWith('-');
  const magnitude = BigInt(text.replace(/^[+-]/, ''));
  const value = negative ? -magnitude : magnitude;
  if (value < minimum || value > maximum) throw new Error(`strconv.${parser}: parsing ${JSON.stringify(text)}: value out of range`);
}

function numberError(parser: string, text: string): string {
  return `strconv.${parser}: parsing ${JSON.stringify(text)}: invalid syntax`;
}

function checkBytes(text: string): void {
  if (text === '-1') return;
  const unit = /^[\d.]+\s*([^\d.\s].*)$/.exec(text)?.[1];
  if (unit !== undefined && !/^[bkmgtp]?(i?b)?$/i.test(unit)) throw new Error(`invalid suffix: '${unit}'`);
  parseSize(text);
}
