/** What `X-Docker-Container-Path-Stat` says of a path in a container. */
export interface PathStat {
  readonly name: string;
  readonly size: number;
  readonly isDirectory: boolean;
  readonly isLink: boolean;
  readonly linkTarget: string;
}

// The highest bits of Go's os.FileMode.
const directoryBit = 2 ** 31;
const linkBit = 2 ** 27;

/** Decodes the header. @throws when it is none. */
export function parsePathStat(header: string | undefined): PathStat {
  const stat = JSON.parse(Buffer.from(header ?? '', 'base64').toString()) as {
    name: string;
    size: number;
    mode: number;
    linkTarget: string;
  };
  const has = (bit: number) => Math.floor(stat.mode / bit) % 2 === 1;
  return { name: stat.name, size: stat.size, isDirectory: has(directoryBit), isLink: has(linkBit), linkTarget: stat.linkTarget };
}
