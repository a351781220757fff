import type { CommittedSnapshot } from '../snapshot/index.ts';
import type { Image, ImageHistoryRow } from './contract.ts';
import type { ImageRecords } from './records.ts';

/** See `ImageStore.history`. Rows of images this one was made from carry their ids (moby daemon/images/image_history.go). */
export function imageHistory(records: ImageRecords, layers: readonly CommittedSnapshot[], image: Image): readonly ImageHistoryRow[] {
  const sizes = new Map(layers.map((layer) => [layer.chainId, layer.size]));
  const chains = records.chainsOf(image.id);
  let layer = 0;
  const rows = (image.config.history ?? []).map((step) => {
    const chain = step.empty_layer === true ? undefined : chains[layer++];
    const created = new Date(step.created ?? 0);
    return {
      id: '<missing>',
      createdAt: Number.isNaN(created.getTime()) ? new Date(0) : created,
      createdBy: step.created_by ?? '',
      comment: step.comment ?? '',
      tags: [] as readonly string[],
      size: chain === undefined ? 0 : (sizes.get(chain) ?? 0),
    };
  });
  rows.reverse();
  let at: Image | undefined = image;
  return rows.map((row) => {
    if (at === undefined) return row;
    const named = { ...row, id: at.id, tags: at.repoTags };
    const parent = records.parentOf(at.id);
    at = parent === null ? undefined : records.get(parent);
    return named;
  });
}
