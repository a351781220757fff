import { formatSize } from '../../../base/index.ts';
import type { Command } from '../../command.ts';
import { containerRows, type ContainerSummary } from '../../format/container-rows.ts';
import { imageNames, imageRows, type ImageSummary } from '../../format/image-rows.ts';
import { renderRows, writeRows, type RowFormat } from '../../format/rows.ts';
import { listFormatFlag } from '../../shared-flags.ts';

export const command: Command = {
  usage: '[OPTIONS]',
  summary: 'Show what takes space on the disk',
  arguments: { minimum: 0, maximum: 0 },
  flags: [listFormatFlag, { name: 'verbose', short: 'v', kind: 'bool', usage: 'Show each image, container and volume' }],
  async run({ client, flags, io }) {
    const usage = await client.json<DiskUsage>('GET', '/system/df');
    const format = flags.string('format');
    if (flags.bool('verbose') && format === '') await io.stdout.write(await verboseText(usage));
    else if (flags.bool('verbose')) throw new Error('the verbose and the format options conflict');
    else await writeRows(io, format, summaryOf(usage), summaryRows);
    return 0;
  },
};

interface DiskUsage {
  readonly LayersSize: number;
  readonly Images: readonly ImageSummary[] | null;
  readonly Containers: ReadonlyArray<ContainerSummary & { readonly SizeRw?: number }> | null;
  readonly Volumes: ReadonlyArray<{
    readonly Name: string;
    readonly UsageData?: { readonly Size: number; readonly RefCount: number } | null;
  }> | null;
  readonly BuildCache: ReadonlyArray<{ readonly Size: number; readonly InUse: boolean; readonly Shared: boolean }> | null;
}

interface Summary {
  readonly type: string;
  readonly total: number;
  readonly active: number;
  readonly size: number;
  readonly reclaimable: number;
  /** Docker shows a share for these kinds only when there is something. */
  readonly showsShare: boolean;
}

const summaryRows: RowFormat<Summary> = {
  typeName: '*formatter.diskUsageContext',
  columns: ['Type', 'TotalCount', 'Active', 'Size', 'Reclaimable'],
  headers: { Type: 'TYPE', TotalCount: 'TOTAL', Active: 'ACTIVE', Size: 'SIZE', Reclaimable: 'RECLAIMABLE' },
  fields: {
    Type: ({ type }) => type,
    TotalCount: ({ total }) => String(total),
    Active: ({ active }) => String(active),
    Size: ({ size }) => formatSize(size),
    Reclaimable: ({ reclaimable, size, showsShare }) =>
      showsShare && size > 0 ? `${formatSize(reclaimable)} (${Math.trunc((reclaimable * 100) / size)}%)` : formatSize(reclaimable),
  },
};

function summaryOf(usage: DiskUsage): Summary[] {
  const sum = (sizes: readonly number[]) => sizes.reduce((total, size) => total + size, 0);
  const images = usage.Images ?? [];
  const usedImages = images.filter(({ Containers }) => Containers > 0);
  const used = sum(
    usedImages.filter(({ Size, SharedSize }) => Size !== -1 && SharedSize !== -1).map(({ Size, SharedSize }) => Size - SharedSize),
  );
  const containers = usage.Containers ?? [];
  const isActive = ({ State, Status }: ContainerSummary) =>
    /running|paused|restarting/.test(State.toLowerCase()) || Status.startsWith('Up');
  const volumes = usage.Volumes ?? [];
  const volumeSize = (list: typeof volumes) => sum(list.map(({ UsageData }) => Math.max(0, UsageData?.Size ?? 0)));
  const caches = usage.BuildCache ?? [];
  return [
    {
      type: 'Images',
      total: images.length,
      active: usedImages.length,
      size: usage.LayersSize,
      reclaimable: usage.LayersSize - used,
      showsShare: true,
    },
    {
      type: 'Containers',
      total: containers.length,
      active: containers.filter(isActive).length,
      size: sum(containers.map(({ SizeRw = 0 }) => SizeRw)),
      reclaimable: sum(containers.filter((each) => !isActive(each)).map(({ SizeRw = 0 }) => SizeRw)),
      showsShare: true,
    },
    {
      type: 'Local Volumes',
      total: volumes.length,
      active: volumes.filter(({ UsageData }) => (UsageData?.RefCount ?? 0) > 0).length,
      size: volumeSize(volumes),
      reclaimable: volumeSize(volumes.filter(({ UsageData }) => UsageData?.RefCount === 0)),
      showsShare: true,
    },
    {
      type: 'Build Cache',
      total: caches.length,
      active: caches.filter(({ InUse }) => InUse).length,
      size: sum(caches.filter(({ Shared }) => !Shared).map(({ Size }) => Size)),
      reclaimable: sum(caches.filter(({ InUse, Shared }) => !InUse && !Shared).map(({ Size }) => Size)),
      showsShare: false,
    },
  ];
}

async function verboseText(usage: DiskUsage): Promise<string> {
  const images = imageRows({ full: false, digests: false });
  const containers = containerRows({ full: false, size: true });
  const imageTable = { ...images, columns: ['Repository', 'Tag', 'ID', 'CreatedSince', 'Size', 'SharedSize', 'UniqueSize', 'Containers'] };
  const containerTable = { ...containers, columns: ['ID', 'Image', 'Command', 'LocalVolumes', 'OwnSize', 'RunningFor', 'Status', 'Names'] };
  const ownSize = { OwnSize: ({ SizeRw = 0 }: ContainerSummary) => formatSize(SizeRw, 3) };
  const volumes: RowFormat<NonNullable<DiskUsage['Volumes']>[number]> = {
    typeName: '*formatter.volumeContext',
    columns: ['Name', 'Links', 'Size'],
    headers: { Name: 'VOLUME NAME', Links: 'LINKS', Size: 'SIZE' },
    fields: {
      Name: ({ Name }) => Name,
      Links: ({ UsageData }) => (UsageData === undefined || UsageData === null ? 'N/A' : String(UsageData.RefCount)),
      Size: ({ UsageData }) => (UsageData === undefined || UsageData === null ? 'N/A' : formatSize(UsageData.Size)),
    },
  };
  const table = async <Row>(rows: readonly Row[] | null, spec: RowFormat<Row>) => await renderRows('', rows ?? [], spec);
  const withOwnSize = {
    ...containerTable,
    headers: { ...containerTable.headers, OwnSize: 'SIZE' },
    fields: { ...containerTable.fields, ...ownSize },
  };
  return `Images space usage:

${await table(imageNames(usage.Images ?? [], false), imageTable)}
Containers space usage:

${await table(usage.Containers, withOwnSize)}
Local Volumes space usage:

${await table(usage.Volumes, volumes)}
Build cache usage: ${formatSize((usage.BuildCache ?? []).reduce((total, { Size }) => total + Size, 0))}

CACHE ID   CACHE TYPE   SIZE      CREATED   LAST USED   USAGE     SHARED
`;
}
