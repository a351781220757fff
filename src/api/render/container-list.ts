import type { ContainerSummary } from '../../engine/index.ts';
import { renderMount, type RenderFacts } from './container.ts';
import { renderEndpoints, type NetworkFacts } from './networks.ts';
import { renderPortList } from './ports.ts';
import { statusText } from './state.ts';
import { unixSeconds } from './time.ts';

interface Cached {
  readonly revision: number;
  readonly image: string;
  /** JSON before and after the status text, the one part that changes by itself. */
  readonly before: string;
  readonly after: string;
}

/**
 * GET /containers/json. Rendered rows are kept by container, API version and revision, so that a list of a thousand is a join; what is not
 * asked for any more is dropped when the list of all is rendered.
 */
export class ContainerListRenderer {
  readonly #facts: Omit<NetworkFacts, 'minor'>;
  readonly #rows = new Map<number, Map<string, Cached>>();

  constructor(facts: Omit<NetworkFacts, 'minor'>) {
    this.#facts = facts;
  }

  /** `imageName`: what to show for a container's image. */
  render(
    summaries: readonly ContainerSummary[],
    options: { readonly minor: number; readonly now: Date; readonly imageName: (summary: ContainerSummary) => string },
  ): string {
    const { minor, now, imageName } = options;
    const rows = this.#rows.get(minor) ?? new Map<string, Cached>();
    this.#rows.set(minor, rows);
    if (rows.size > 2 * summaries.length + 64) rows.clear();
    const facts = { ...this.#facts, minor };
    const parts = summaries.map((summary) => {
      const { record, size } = summary;
      const image = imageName(summary);
      let row = rows.get(record.id);
      if (row === undefined || row.revision !== record.revision || row.image !== image) {
        row = renderRow(summary, image, facts);
        rows.set(record.id, row);
      }
      const sizes = `${size === undefined || size.rw === 0 ? '' : `,"SizeRw":${size.rw}`}${size === undefined ? '' : `,"SizeRootFs":${size.rootFs}`}`;
      return `${row.before}${JSON.stringify(statusText(record, now))}${row.after}${sizes}}`;
    });
    return `[${parts.join(',')}]`;
  }
}

function renderRow({ record }: ContainerSummary, image: string, facts: RenderFacts): Cached {
  const { NetworkMode, Annotations } = record.hostConfig;
  const before = JSON.stringify({
    Id: record.id,
    Names: [`/${record.name}`],
    Image: image,
    ImageID: record.image.id,
    Command: commandText(record.process),
    Created: unixSeconds(record.createdAt),
    Ports: renderPortList(record, facts),
    Labels: record.config.Labels,
    State: record.state.status,
  });
  const annotated = facts.minor >= 46 && Annotations !== undefined && Object.keys(Annotations).length > 0;
  const after = JSON.stringify({
    HostConfig: { NetworkMode, ...(annotated ? { Annotations } : {}) },
    NetworkSettings: { Networks: renderEndpoints(record, facts) },
    Mounts: record.mounts.map(renderMount),
  });
  return { revision: record.revision, image, before: `${before.slice(0, -1)},"Status":`, after: `,${after.slice(1, -1)}` };
}

// moby container/view.go: words with a space are quoted.
function commandText({ path, args }: ContainerSummary['record']['process']): string {
  return [path, ...args.map((word) => (word.includes(' ') ? `'${word}'` : word))].join(' ');
}
