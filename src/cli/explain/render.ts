import { tabulate } from '../format/tabulate.ts';

/** What is used here of the engine's answer (src/engine/explain/contract.ts). */
export interface Explanation {
  readonly id: string;
  readonly name: string;
  readonly status: string;
  readonly pid: number | null;
  readonly givenAway: readonly string[];
  readonly namespaces: ReadonlyArray<
    Protection & { readonly type: string; readonly kind: string; readonly inode: number | null; readonly hostInode: number }
  >;
  readonly cgroup: Protection & {
    readonly version: number;
    readonly paths: Readonly<Record<string, string>>;
    readonly limits: ReadonlyArray<{ readonly what: string; readonly limit: string; readonly use: string | null }>;
  };
  readonly root: Protection & {
    readonly type: string;
    readonly layers: readonly string[];
    readonly changes: string | null;
    readonly readonly: boolean;
  };
  readonly mounts: ReadonlyArray<{
    readonly destination: string;
    readonly type: string;
    readonly source: string;
    readonly options: readonly string[];
    readonly why: string;
  }>;
  readonly hidden: Protection & { readonly masked: readonly string[]; readonly readonly: readonly string[] };
  readonly capabilities: Protection & { readonly kept: readonly Capability[]; readonly dropped: readonly Capability[] };
  readonly seccomp: Protection & {
    readonly mode: string;
    readonly allowed: number;
    readonly conditional: readonly string[];
    readonly refused: readonly string[];
    readonly notable: ReadonlyArray<{ readonly name: string; readonly why: string }>;
  };
  readonly noNewPrivileges: Protection & { readonly on: boolean };
  readonly users: Protection & {
    readonly user: string;
    readonly map: ReadonlyArray<{ readonly inside: number; readonly outside: number; readonly size: number }>;
  };
  readonly rlimits: Protection & { readonly set: ReadonlyArray<{ readonly name: string; readonly soft: number; readonly hard: number }> };
  readonly network: Protection & { readonly mode: string };
}

interface Protection {
  readonly protects: string;
}

interface Capability {
  readonly name: string;
  readonly meaning: string;
}

/** The page that a reader gets: a section for each mechanism, its sentence first. Lines are broken at `width` columns. */
export function renderExplanation(told: Explanation, width: number): string {
  const state = told.pid === null ? `${told.status}; what its next start would give it` : `${told.status}, pid ${told.pid} on the host`;
  const sections = [
    `${told.name} (${told.id.slice(0, 12)}): ${state}\n`,
    section(
      'Given away',
      '',
      told.givenAway.length === 0 ? ['nothing beyond the defaults'] : told.givenAway.flatMap((line) => wrap(line, width - 2)),
      width,
    ),
    namespaces(told, width),
    cgroup(told, width),
    root(told, width),
    section(
      'Mounts',
      '',
      rows(told.mounts.map(({ destination, type, source, why }) => [destination, type, why, type === 'bind' ? source : ''])),
      width,
    ),
    section('Hidden files', told.hidden.protects, [list('covered', told.hidden.masked), list('read-only', told.hidden.readonly)], width),
    capabilities(told, width),
    seccomp(told, width),
    section('No new privileges', told.noNewPrivileges.protects, [told.noNewPrivileges.on ? 'on' : 'off'], width),
    users(told, width),
    section(
      'Resource limits',
      told.rlimits.protects,
      told.rlimits.set.length === 0
        ? ["the engine's own"]
        : rows(told.rlimits.set.map(({ name, soft, hard }) => [name, String(soft), String(hard)])),
      width,
    ),
    section('Network', told.network.protects, [`mode ${told.network.mode}`], width),
  ];
  return sections.join('\n');
}

function namespaces({ namespaces: all }: Explanation, width: number): string {
  const kinds: Readonly<Record<string, string>> = { own: 'its own', joined: "another container's", host: "the host's" };
  const lines = all.flatMap(({ type, kind, inode, hostInode, protects }) => [
    `${type.padEnd(8)} ${kinds[kind] ?? kind}: ${inode ?? '-'} (host ${hostInode})`,
    ...wrap(protects, width - 6).map((line) => `  ${line}`),
  ]);
  return section('Namespaces', '', lines, width);
}

function cgroup({ cgroup: { version, paths, limits, protects } }: Explanation, width: number): string {
  const path = Object.values(paths)[0];
  const table = limits.map(({ what, limit, use }) => [what, limit === '' ? 'no limit' : limit, use === null ? '' : `uses ${use}`]);
  return section(`Cgroup (v${version})`, protects, [...(path === undefined ? [] : [path]), ...rows(table)], width);
}

function root({ root: { type, layers, changes, readonly, protects } }: Explanation, width: number): string {
  const lines = [
    `${type}${readonly ? ', read-only' : ''}`,
    ...layers.map((layer) => `layer    ${layer}`),
    ...(changes === null ? [] : [`changes  ${changes}`]),
  ];
  return section('Root', protects, lines, width);
}

function capabilities({ capabilities: { kept, dropped, protects } }: Explanation, width: number): string {
  const table = (all: readonly Capability[]) => rows(all.map(({ name, meaning }) => [`  ${name}`, meaning]));
  return section(
    'Capabilities',
    protects,
    [`kept: ${kept.length}`, ...table(kept), `dropped: ${dropped.length}`, ...table(dropped)],
    width,
  );
}

function seccomp({ seccomp: { mode, allowed, conditional, refused, notable, protects } }: Explanation, width: number): string {
  if (mode !== 'filter') return section('System calls', protects, ['unconfined'], width);
  const counts = `${allowed} allowed, ${conditional.length} allowed with some arguments, ${refused.length} refused; among those:`;
  return section('System calls', protects, [counts, ...rows(notable.map(({ name, why }) => [`  ${name}`, why]))], width);
}

function users({ users: { user, map, protects } }: Explanation, width: number): string {
  const lines = map.map(({ inside, outside, size }) => `${size} ids: ${inside} inside is ${outside} outside`);
  return section(
    'Users',
    protects,
    [`runs as ${user === '' ? 'root' : user}`, ...(lines.length === 0 ? ['no user namespace of its own'] : lines)],
    width,
  );
}

function section(title: string, protects: string, lines: readonly string[], width: number): string {
  const sentence = protects === '' ? [] : wrap(protects, width - 2);
  const text = [...sentence, ...lines].map((line) => `  ${line}\n`).join('');
  return `${title}\n${text}`;
}

function rows(table: ReadonlyArray<readonly string[]>): readonly string[] {
  if (table.length === 0) return [];
  const text = tabulate(table.map((cells) => cells.join('\t')).join('\n'), { minimumWidth: 0, padding: 2 });
  return text.split('\n').map((line) => line.trimEnd());
}

function list(what: string, paths: readonly string[]): string {
  return `${what}: ${paths.length === 0 ? 'none' : paths.join(' ')}`;
}

/** Breaks at blanks. */
function wrap(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + word.length < Math.max(40, width)) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}
