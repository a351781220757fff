import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';

/** Bytes on disk below `directory`, hard links counted once; what vanishes meanwhile counts nothing. */
export async function diskUsage(directory: string): Promise<number> {
  const seen = new Set<string>();
  let bytes = 0;
  const pending = [directory];
  for (let path = pending.pop(); path !== undefined; path = pending.pop()) {
    for (const entry of await readdir(path, { withFileTypes: true }).catch(() => [])) {
      const child = join(path, entry.name);
      const stat = await lstat(child).catch(() => undefined);
      if (stat === undefined) continue;
      if (entry.isDirectory()) pending.push(child);
      const inode = `${stat.dev}:${stat.ino}`;
      if (stat.nlink > 1 && !entry.isDirectory()) {
        if (seen.has(inode)) continue;
        seen.add(inode);
      }
      bytes += entry.isDirectory() ? 0 : stat.blocks * 512;
    }
  }
  return bytes;
}
