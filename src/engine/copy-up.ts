import { chmodSync, chownSync, lstatSync, readdirSync, type Stats } from 'node:fs';
import { join } from 'node:path';
import type { House } from './house.ts';
import type { Options } from './requests.ts';

/**
 * Fills an empty volume with what the image has at its destination, owners and modes included; does nothing when either has nothing.
 * moby daemon/create_unix.go (populateVolumes).
 */
export async function copyUp(
  house: House,
  key: string,
  volume: { readonly destination: string; readonly mountpoint: string },
  { signal }: Options,
): Promise<void> {
  if (readdirSync(volume.mountpoint).length > 0) return;
  const layers = layersAt(house.snapshots.directories(key).lower, volume.destination);
  const top = layers[0];
  if (top === undefined) return;
  // From the lowest up, each over what is there already, as the overlay would show it.
  for (const { path } of layers.toReversed()) {
    const tar = house.rootWorkers.layerTar(path, { signal });
    await house.rootWorkers.applyTar(volume.mountpoint, tar, { signal, whiteouts: 'delete' });
  }
  chownSync(volume.mountpoint, top.stat.uid, top.stat.gid);
  chmodSync(volume.mountpoint, top.stat.mode & 0o7777);
}

/** The directory `destination` of each layer that has it, top first. A whiteout or a file in its place hides the layers below. */
function layersAt(lower: readonly string[], destination: string): ReadonlyArray<{ readonly path: string; readonly stat: Stats }> {
  const found: Array<{ path: string; stat: Stats }> = [];
  for (const layer of lower) {
    const at = directoryIn(layer, destination);
    if (at === 'hidden') break;
    if (at !== undefined) found.push(at);
  }
  return found;
}

// A symlink on the way counts as hidden: it could lead out of the layer, and Docker's image volumes are real directories.
function directoryIn(layer: string, destination: string): { readonly path: string; readonly stat: Stats } | 'hidden' | undefined {
  let path = layer;
  let stat = lstatSync(layer);
  for (const name of destination.split('/').filter((part) => part !== '')) {
    path = join(path, name);
    try {
      stat = lstatSync(path);
    } catch {
      return undefined; // This layer says nothing about the path.
    }
    if (!stat.isDirectory()) return 'hidden';
  }
  return { path, stat };
}
