import type { House } from './house.ts';
import { sharedSizes } from './image-list.ts';
import { imageUsers } from './image-users.ts';
import { sizeOf } from './inspect-container.ts';
import type { Options } from './requests.ts';
import type { DiskUsage } from './use-cases.ts';

/** What images, containers and volumes take: every layer is counted once, in `layersSize`. Walks the containers' layers and the volumes. */
export async function diskUsage(house: House, options: Options): Promise<DiskUsage> {
  const images = house.images.list();
  const users = imageUsers(house);
  const shared = sharedSizes(house, images);
  const containers = [];
  for (const record of house.records.list()) {
    options.signal.throwIfAborted();
    containers.push({ record, size: await sizeOf(house, record) });
  }
  const volumes = [];
  for (const volume of house.volumes.list()) {
    options.signal.throwIfAborted();
    volumes.push({ volume, size: await house.volumes.usage(volume.name), references: volumeReferences(house, volume.name) });
  }
  return {
    layersSize: house.snapshots.listCommitted().reduce((sum, { size }) => sum + size, 0),
    images: images.map((image) => ({ image, containers: users(image.id).length, sharedSize: shared.get(image.id) ?? 0 })),
    containers,
    volumes,
  };
}

function volumeReferences(house: House, name: string): number {
  return house.records.list().filter(({ mounts }) => mounts.some((mount) => mount.type === 'volume' && mount.name === name)).length;
}
