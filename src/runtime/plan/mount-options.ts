import { mountAttributes, propagation } from '../ops.ts';

/** A mount's option words, sorted out. OCI runtime-spec v1.2.0 config.md#linux-mount-options. */
export interface MountOptions {
  readonly bind: boolean;
  /** `rbind` */
  readonly recursive: boolean;
  readonly set: number;
  readonly clear: number;
  /** Attributes that go for what is mounted below as well: `rro`. */
  readonly recursiveSet: number;
  readonly recursiveClear: number;
  /** MS_PRIVATE …, 0 for none. */
  readonly propagation: number;
  readonly propagationRecursive: boolean;
  readonly idmap: 'no' | 'plain' | 'recursive';
  readonly copyUp: boolean;
  /** What the filesystem itself is told. */
  readonly options: readonly string[];
}

const { readonly, nosuid, nodev, noexec, atime, relatime, noatime, strictatime, nodiratime, nosymfollow } = mountAttributes;

/** Word → attributes to set and to clear. `r` before a word makes it recursive. */
const attributeWords: Readonly<Record<string, readonly [number, number]>> = {
  ro: [readonly, 0],
  rw: [0, readonly],
  nosuid: [nosuid, 0],
  suid: [0, nosuid],
  nodev: [nodev, 0],
  dev: [0, nodev],
  noexec: [noexec, 0],
  exec: [0, noexec],
  noatime: [noatime, atime],
  atime: [relatime, atime],
  relatime: [relatime, atime],
  norelatime: [strictatime, atime],
  strictatime: [strictatime, atime],
  nostrictatime: [relatime, atime],
  nodiratime: [nodiratime, 0],
  diratime: [0, nodiratime],
  nosymfollow: [nosymfollow, 0],
  symfollow: [0, nosymfollow],
};

/** Words that mean what is so anyway, or that mount(8) keeps for itself. */
const ignored = new Set(
  'defaults async nomand nodirsync noiversion silent loud remount norecursive nolazytime delegated cached consistent nocopy z Z'.split(' '),
);

/** Sorts the words out; a later one wins over an earlier. */
export function parseMountOptions(words: readonly string[]): MountOptions {
  const found = {
    bind: false,
    recursive: false,
    set: 0,
    clear: 0,
    recursiveSet: 0,
    recursiveClear: 0,
    propagation: 0,
    propagationRecursive: false,
    idmap: 'no' as MountOptions['idmap'],
    copyUp: false,
    options: [] as string[],
  };
  for (const word of words) {
    const plain = attributeWords[word];
    const recursive = word.startsWith('r') ? attributeWords[word.slice(1)] : undefined;
    const spread = propagationOf(word);
    if (plain !== undefined) {
      found.set = (found.set & ~plain[1]) | plain[0];
      found.clear = (found.clear & ~plain[0]) | plain[1];
    } else if (recursive !== undefined) {
      found.recursiveSet = (found.recursiveSet & ~recursive[1]) | recursive[0];
      found.recursiveClear = (found.recursiveClear & ~recursive[0]) | recursive[1];
    } else if (spread !== undefined) {
      found.propagation = spread;
      found.propagationRecursive = word.startsWith('r');
    } else if (word === 'bind' || word === 'rbind') {
      found.bind = true;
      found.recursive = word === 'rbind';
    } else if (word === 'idmap' || word === 'ridmap') {
      found.idmap = word === 'idmap' ? 'plain' : 'recursive';
    } else if (word === 'tmpcopyup' || word === 'copyup') {
      found.copyUp = true;
    } else if (word !== '' && !ignored.has(word)) {
      found.options.push(word);
    }
  }
  return found;
}

function propagationOf(word: string): number | undefined {
  const name = word.startsWith('r') ? word.slice(1) : word;
  return name in propagation ? propagation[name as keyof typeof propagation] : undefined;
}
