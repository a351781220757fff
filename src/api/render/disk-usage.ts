import type { DiskUsage } from '../../engine/index.ts';
import { ContainerListRenderer } from './container-list.ts';
import { renderImageSummary } from './image.ts';
import { renderVolume } from './volume.ts';

/** GET /system/df; `types` chooses parts, none means all. */
export function renderDiskUsage(
  usage: DiskUsage,
  facts: { readonly engineId: string; readonly minor: number; readonly now: Date; readonly types: readonly string[] },
) {
  const { engineId, minor, now, types } = facts;
  const wants = (type: string) => types.length === 0 || types.includes(type);
  const rows = new ContainerListRenderer({ engineId }).render(usage.containers, {
    minor,
    now,
    imageName: ({ record }) => record.config.Image,
  });
  return {
    LayersSize: wants('image') ? usage.layersSize : 0,
    Images: wants('image')
      ? usage.images.map((summary) => ({ ...renderImageSummary(summary, minor), Containers: summary.containers }))
      : null,
    Containers: wants('container') ? (JSON.parse(rows) as unknown) : null,
    Volumes: wants('volume') ? usage.volumes.map(({ volume, size, references }) => renderVolume(volume, { size, references })) : null,
    BuildCache: wants('build-cache') ? [] : null,
    ...(minor < 42 ? { BuilderSize: 0 } : {}),
  };
}
