import type { UseCases } from '../../engine/index.ts';
import { formatTime } from './time.ts';

type Volume = ReturnType<UseCases['inspectVolume']>;

/** A volume, fields in Docker's order; `usage` for system df. */
export function renderVolume(volume: Volume, usage?: { readonly size: number; readonly references: number }) {
  const labels = { ...volume.labels, ...(volume.anonymous ? { 'com.docker.volume.anonymous': '' } : {}) };
  return {
    CreatedAt: formatTime(new Date(Math.floor(volume.createdAt.getTime() / 1000) * 1000)),
    Driver: volume.driver,
    Labels: Object.keys(labels).length === 0 ? null : labels,
    Mountpoint: volume.mountpoint,
    Name: volume.name,
    Options: Object.keys(volume.options).length === 0 ? null : volume.options,
    Scope: 'local',
    ...(usage === undefined ? {} : { UsageData: { RefCount: usage.references, Size: usage.size } }),
  };
}
