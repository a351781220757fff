import type { House, ImageSummary, UseCases } from '../../engine/index.ts';
import { formatTime, unixSeconds, zeroTime } from './time.ts';

type Image = ImageSummary['image'];
type HistoryRow = ReturnType<UseCases['imageHistory']>[number];
type Removal = Awaited<ReturnType<UseCases['removeImage']>>[number];

/** One row of GET /images/json. */
export function renderImageSummary({ image, containers, sharedSize }: ImageSummary, minor: number) {
  // Before 1.43 an image without a name had a made-up one.
  const named = (names: readonly string[], none: string) => (names.length === 0 && minor < 43 ? [none] : names);
  return {
    Containers: minor >= 51 ? containers : -1,
    Created: unixSeconds(image.createdAt),
    Id: image.id,
    Labels: image.config.config?.Labels ?? null,
    ParentId: '',
    RepoDigests: named(image.repoDigests, '<none>@<none>'),
    RepoTags: named(image.repoTags, '<none>:<none>'),
    SharedSize: sharedSize,
    Size: image.size,
    ...(minor < 44 ? { VirtualSize: image.size } : {}),
  };
}

/** GET /images/{name}/json, fields in Docker's order. */
export function renderImage(image: Image, snapshots: House['snapshots'], minor: number) {
  const { config } = image;
  return {
    Id: image.id,
    RepoTags: image.repoTags,
    RepoDigests: image.repoDigests,
    Parent: '',
    Comment: config.comment ?? '',
    Created: formatTime(image.createdAt),
    ...(minor < 45 ? { Container: config.container ?? '', ContainerConfig: null } : {}),
    DockerVersion: config.docker_version ?? '',
    Author: config.author ?? '',
    Config: renderImageConfig(config.config ?? {}, minor),
    Architecture: config.architecture,
    ...(config.variant === undefined ? {} : { Variant: config.variant }),
    Os: config.os,
    ...(config['os.version'] === undefined ? {} : { OsVersion: config['os.version'] }),
    Size: image.size,
    ...(minor < 44 ? { VirtualSize: image.size } : {}),
    GraphDriver: { Data: image.chainId === null ? null : renderLayers(snapshots.view(image.chainId)), Name: 'overlay2' },
    RootFS: { Type: 'layers', ...(config.rootfs.diff_ids.length === 0 ? {} : { Layers: config.rootfs.diff_ids }) },
    Metadata: { LastTagTime: image.taggedAt === null ? zeroTime : formatTime(image.taggedAt) },
  };
}

export function renderHistory(row: HistoryRow) {
  return {
    Id: row.id,
    Created: unixSeconds(row.createdAt),
    CreatedBy: row.createdBy,
    Tags: row.tags.length === 0 ? null : row.tags,
    Size: row.size,
    Comment: row.comment,
  };
}

export function renderRemoval(removal: Removal) {
  return removal.kind === 'untagged' ? { Untagged: removal.name } : { Deleted: removal.id };
}

const always = { Cmd: null, Entrypoint: null, Env: null, Labels: null, OnBuild: null, User: '', Volumes: null, WorkingDir: '' };
// What 1.49 and before showed of a container's configuration although an image has none of it.
const legacy = {
  AttachStderr: false,
  AttachStdin: false,
  AttachStdout: false,
  Domainname: '',
  Hostname: '',
  Image: '',
  OpenStdin: false,
  StdinOnce: false,
  Tty: false,
};

function renderImageConfig(config: NonNullable<Image['config']['config']>, minor: number) {
  const merged: Record<string, unknown> = { ...(minor < 50 ? legacy : {}), ...always, ...config };
  return Object.fromEntries(Object.entries(merged).sort(([left], [right]) => (left < right ? -1 : 1)));
}

// The layers of the mount that shows the image: top first.
function renderLayers(mounts: ReturnType<House['snapshots']['view']>) {
  const [mount] = mounts;
  if (mount === undefined) return null;
  const lower = mount.options.find((option) => option.startsWith('lowerdir='))?.slice('lowerdir='.length);
  const [top = mount.source, ...rest] = lower?.split(':') ?? [];
  return { ...(rest.length === 0 ? {} : { LowerDir: rest.join(':') }), MergedDir: '', UpperDir: top, WorkDir: '' };
}
