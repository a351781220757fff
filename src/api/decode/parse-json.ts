import { EngineError } from '../../base/index.ts';

/** A JSON text's one value, with the messages of Docker's decoder. @throws {EngineError} InvalidArgument. */
export function parseJson(text: string): unknown {
  if (text.trim() === '') throw invalid('invalid JSON: got EOF while reading request body');
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw invalid(complaint(text));
  }
}

// Only for texts that do not parse: what Go's decoder, which reads one value and stops, would say.
function complaint(text: string): string {
  const end = endOfValue(text);
  if (end === undefined) return 'invalid JSON: unexpected EOF';
  if (end < text.length && parses(text.slice(0, end))) return 'unexpected content after JSON';
  const first = text.trimStart()[0] ?? '';
  if (!/[[{"\-0-9tfn]/.test(first)) return `invalid JSON: invalid character ${quoted(first)} looking for beginning of value`;
  return 'invalid JSON: invalid character in JSON text';
}

/** Where the first value ends; undefined when the text ends before it does. */
function endOfValue(text: string): number | undefined {
  let depth = 0;
  let inString = false;
  for (let index = text.length - text.trimStart().length; index < text.length; index++) {
    const character = text[index]!;
    if (inString) {
      if (character === '\\') index += 1;
      else if (character === '"') inString = false;
    } else if (character === '"') {
      inString = true;
    } else if (character === '{' || character === '[') {
      depth += 1;
    } else if (character === '}' || character === ']') {
      depth -= 1;
    } else if (depth > 0 || /[^\s]/.test(text[index + 1] ?? ' ')) {
      continue;
    }
    if (depth <= 0 && !inString) return index + 1;
  }
  return undefined;
}

function parses(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function quoted(character: string): string {
  return character === "'" ? "'\\''" : `'${character}'`;
}

function invalid(message: string): EngineError {
  return new EngineError('InvalidArgument', message);
}
