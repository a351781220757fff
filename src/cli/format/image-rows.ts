import { formatSize } from '../../base/index.ts';
import { shortDigest } from './ellipsis.ts';
import type { RowFormat } from './rows.ts';
import { ago, localTime } from './when.ts';

/** A row of `GET /images/json`. */
export interface ImageSummary {
  readonly Id: string;
  readonly RepoTags: readonly string[] | null;
  readonly RepoDigests: readonly string[] | null;
  /** Seconds since 1970. */
  readonly Created: number;
  readonly Size: number;
  readonly SharedSize: number;
  readonly Containers: number;
}

/** One name of an image. */
export interface ImageRow {
  readonly image: ImageSummary;
  readonly repository: string;
  readonly tag: string;
  readonly digest: string;
}

const none = '<none>';

/** A row for each name of each image. `digests` makes one for each digest of a name too. */
export function imageNames(images: readonly ImageSummary[], digests: boolean): ImageRow[] {
  return images.flatMap((image) => namesOf(image, digests).map((name) => ({ image, ...name })));
}

function namesOf(image: ImageSummary, digests: boolean): Array<{ repository: string; tag: string; digest: string }> {
  const tags = (image.RepoTags ?? []).filter((name) => name !== '<none>:<none>').map(splitTag);
  const byRepository = new Map<string, string[]>();
  for (const name of image.RepoDigests ?? []) {
    const [repository = '', digest = ''] = name.split('@');
    if (repository !== none) byRepository.set(repository, [...(byRepository.get(repository) ?? []), digest]);
  }
  const rows: Array<{ repository: string; tag: string; digest: string }> = [];
  for (const { repository, tag } of tags) {
    const own = byRepository.get(repository) ?? [];
    if (digests && own.length > 0) rows.push(...own.map((digest) => ({ repository, tag, digest })));
    else rows.push({ repository, tag, digest: none });
  }
  const tagged = new Set(tags.map(({ repository }) => repository));
  for (const [repository, own] of byRepository) {
    if (tagged.has(repository)) continue;
    if (digests) rows.push(...own.map((digest) => ({ repository, tag: none, digest })));
    else rows.push({ repository, tag: none, digest: none });
  }
  return rows.length === 0 ? [{ repository: none, tag: none, digest: none }] : rows;
}

function splitTag(name: string): { repository: string; tag: string } {
  const colon = name.lastIndexOf(':');
  return { repository: name.slice(0, colon), tag: name.slice(colon + 1) };
}

/** How images are listed. */
export function imageRows(options: { readonly full: boolean; readonly digests: boolean }): RowFormat<ImageRow> {
  const sizeOr = (bytes: number) => (bytes === -1 ? 'N/A' : formatSize(bytes, 3));
  return {
    typeName: '*formatter.imageContext',
    columns: ['Repository', 'Tag', ...(options.digests ? ['Digest'] : []), 'ID', 'CreatedSince', 'Size'],
    headers: {
      ID: 'IMAGE ID',
      Repository: 'REPOSITORY',
      Tag: 'TAG',
      Digest: 'DIGEST',
      CreatedSince: 'CREATED',
      CreatedAt: 'CREATED AT',
      Size: 'SIZE',
      Containers: 'CONTAINERS',
      VirtualSize: 'SIZE',
      SharedSize: 'SHARED SIZE',
      UniqueSize: 'UNIQUE SIZE',
    },
    fields: {
      ID: ({ image }) => (options.full ? image.Id : shortDigest(image.Id)),
      Repository: ({ repository }) => repository,
      Tag: ({ tag }) => tag,
      Digest: ({ digest }) => digest,
      CreatedSince: ({ image }) => (image.Created > -62_135_596_800 && image.Created !== 0 ? ago(new Date(image.Created * 1000)) : 'N/A'),
      CreatedAt: ({ image }) => localTime(new Date(image.Created * 1000)),
      Size: ({ image }) => formatSize(image.Size, 3),
      Containers: ({ image }) => (image.Containers === -1 ? 'N/A' : String(image.Containers)),
      VirtualSize: ({ image }) => formatSize(image.Size),
      SharedSize: ({ image }) => sizeOr(image.SharedSize),
      UniqueSize: ({ image }) => (image.SharedSize === -1 ? 'N/A' : formatSize(image.Size - image.SharedSize)),
    },
  };
}
