import { EngineError } from '../../base/index.ts';

const controlNames = ['ctrl-@', ...Array.from({ length: 26 }, (_, index) => `ctrl-${String.fromCharCode(97 + index)}`)];
controlNames.push('ctrl-[', 'ctrl-\\', 'ctrl-]', 'ctrl-^', 'ctrl-_');

/** ctrl-p,ctrl-q */
const defaultKeys = Uint8Array.of(16, 17);

/**
 * Bytes of a detach sequence as the user writes it, `ctrl-p,ctrl-q` or `a,b` or `DEL`; '' means the default (moby/term, ToBytes).
 * @throws {EngineError} InvalidArgument, in Docker's words.
 */
export function parseDetachKeys(text: string): Uint8Array {
  if (text === '') return defaultKeys;
  const codes = text.split(',').map((key) => {
    if (key.length === 1 && key.charCodeAt(0) < 256) return key.charCodeAt(0);
    const code = key === 'DEL' ? 127 : controlNames.indexOf(key);
    if (code === -1) throw new EngineError('InvalidArgument', `Invalid detach keys (${text}) provided`);
    return code;
  });
  return Uint8Array.from(codes);
}

/** Finds the detach sequence in what is typed, also over several reads. */
export class DetachKeys {
  readonly #keys: Uint8Array;
  #matched = 0;

  constructor(keys: Uint8Array) {
    this.#keys = keys;
  }

  /** What goes on to the process, and whether the sequence is complete. Bytes that may begin it are held back until that is clear. */
  feed(bytes: Uint8Array): { readonly bytes: Uint8Array; readonly detached: boolean } {
    if (this.#keys.length === 0) return { bytes, detached: false };
    const out = new Uint8Array(bytes.length + this.#matched);
    let length = 0;
    for (const byte of bytes) {
      if (byte !== this.#keys[this.#matched] && this.#matched > 0) {
        out.set(this.#keys.subarray(0, this.#matched), length);
        length += this.#matched;
        this.#matched = 0;
      }
      if (byte !== this.#keys[this.#matched]) {
        out[length++] = byte;
        continue;
      }
      this.#matched += 1;
      if (this.#matched < this.#keys.length) continue;
      this.#matched = 0;
      return { bytes: out.subarray(0, length), detached: true };
    }
    return { bytes: out.subarray(0, length), detached: false };
  }
}
