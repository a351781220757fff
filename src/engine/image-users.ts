import type { Image, ImageUser } from '../image/index.ts';
import type { Digest } from '../spec/index.ts';
import type { House } from './house.ts';
import { isRunning } from './records.ts';

/** Who holds an image, for the store to ask: built once for each use case, so that many images cost one pass. */
export function imageUsers(house: House): (id: Digest) => readonly ImageUser[] {
  const byImage = new Map<Digest, ImageUser[]>();
  for (const record of house.records.list()) {
    const users = byImage.get(record.image.id) ?? [];
    users.push({ containerId: record.id, running: isRunning(record.state) });
    byImage.set(record.image.id, users);
  }
  return (id) => byImage.get(id) ?? [];
}

/** Labels of an image's configuration. */
export function imageLabels(image: Image): Readonly<Record<string, string>> {
  return image.config.config?.Labels ?? {};
}
