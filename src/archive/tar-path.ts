const slash = 0x2f;
const dot = 0x2e;

/**
 * A name of an archive as a clean path below the root: no leading or trailing slash, no empty, `.` or `..` part; `..` above the root stays
 * at the root, as it does for a chrooted process. Empty: the root itself.
 */
export function cleanPath(name: Uint8Array): Uint8Array {
  let start = 0;
  let end = name.length;
  while (start < end && (name[start] === slash || (name[start] === dot && name[start + 1] === slash))) start++;
  while (end > start && name[end - 1] === slash) end--;
  const bare = name.subarray(start, end);
  return needsCleaning(bare) ? slowClean(bare) : bare;
}

/** The directory of a clean path and its last name. */
export function splitPath(path: Uint8Array): { readonly parent: Uint8Array; readonly name: Uint8Array } {
  const at = path.lastIndexOf(slash);
  return at < 0 ? { parent: path.subarray(0, 0), name: path } : { parent: path.subarray(0, at), name: path.subarray(at + 1) };
}

/** Two clean paths, one below the other. */
export function joinPaths(a: Uint8Array, b: Uint8Array): Uint8Array {
  if (a.length === 0) return b;
  if (b.length === 0) return a;
  const joined = new Uint8Array(a.length + 1 + b.length);
  joined.set(a);
  joined[a.length] = slash;
  joined.set(b, a.length + 1);
  return joined;
}

export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let at = a.length - 1; at >= 0; at--) if (a[at] !== b[at]) return false;
  return true;
}

export function startsWithBytes(bytes: Uint8Array, prefix: Uint8Array): boolean {
  return bytes.length >= prefix.length && sameBytes(bytes.subarray(0, prefix.length), prefix);
}

function needsCleaning(name: Uint8Array): boolean {
  let partStart = 0;
  for (let at = 0; at <= name.length; at++) {
    if (at < name.length && name[at] !== slash) continue;
    const length = at - partStart;
    if (length === 0 && name.length > 0) return true;
    if (length === 1 && name[partStart] === dot) return true;
    if (length === 2 && name[partStart] === dot && name[partStart + 1] === dot) return true;
    partStart = at + 1;
  }
  return false;
}

function slowClean(name: Uint8Array): Uint8Array {
  const parts: string[] = [];
  for (const part of Buffer.from(name).toString('latin1').split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return new Uint8Array(Buffer.from(parts.join('/'), 'latin1'));
}
