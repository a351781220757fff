/**
 * Watches what is typed for the detach keys (`ctrl-p,ctrl-q` when `text` is ''): each call says whether the sequence has been completed by now.
 * The engine acts on them; the command line has to know too, since the end of the output looks the same as the end of the container.
 */
export function watchDetachKeys(text: string): (bytes: Uint8Array) => boolean {
  const keys = (text === '' ? 'ctrl-p,ctrl-q' : text).split(',').map(codeOf);
  let matched = 0;
  let complete = false;
  return (bytes) => {
    for (const byte of bytes) {
      if (complete || keys.length === 0) break;
      matched = byte === keys[matched] ? matched + 1 : byte === keys[0] ? 1 : 0;
      complete = matched === keys.length;
    }
    return complete;
  };
}

// The engine refuses keys that are none; here they match nothing.
function codeOf(key: string): number {
  const control = /^ctrl-([@a-z[\\\]^_])$/.exec(key)?.[1];
  if (control !== undefined) return control.toUpperCase().charCodeAt(0) & 31;
  if (key === 'DEL') return 127;
  return key.length === 1 ? key.charCodeAt(0) : -1;
}
