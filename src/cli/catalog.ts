import type { Command } from './command.ts';

type Loader = () => Promise<{ readonly command: Command }>;

const container: Readonly<Record<string, Loader>> = {
  attach: () => import('./commands/container/attach.ts'),
  commit: () => import('./commands/container/commit.ts'),
  cp: () => import('./commands/container/cp.ts'),
  create: () => import('./commands/container/create.ts'),
  diff: () => import('./commands/container/diff.ts'),
  exec: () => import('./commands/container/exec.ts'),
  explain: () => import('./commands/container/explain.ts'),
  export: () => import('./commands/container/export.ts'),
  kill: () => import('./commands/container/kill.ts'),
  logs: () => import('./commands/container/logs.ts'),
  pause: () => import('./commands/container/pause.ts'),
  port: () => import('./commands/container/port.ts'),
  rename: () => import('./commands/container/rename.ts'),
  restart: () => import('./commands/container/restart.ts'),
  rm: () => import('./commands/container/rm.ts'),
  run: () => import('./commands/container/run.ts'),
  start: () => import('./commands/container/start.ts'),
  stats: () => import('./commands/container/stats.ts'),
  stop: () => import('./commands/container/stop.ts'),
  top: () => import('./commands/container/top.ts'),
  unpause: () => import('./commands/container/unpause.ts'),
  update: () => import('./commands/container/update.ts'),
  wait: () => import('./commands/container/wait.ts'),
};

const image: Readonly<Record<string, Loader>> = {
  history: () => import('./commands/image/history.ts'),
  import: () => import('./commands/image/import.ts'),
  load: () => import('./commands/image/load.ts'),
  pull: () => import('./commands/image/pull.ts'),
  push: () => import('./commands/image/push.ts'),
  save: () => import('./commands/image/save.ts'),
  tag: () => import('./commands/image/tag.ts'),
};

/** The commands that are said in one word. */
const top: Readonly<Record<string, Loader>> = {
  ...container,
  ...image,
  events: () => import('./commands/system/events.ts'),
  images: () => import('./commands/image/ls.ts'),
  info: () => import('./commands/system/info.ts'),
  inspect: () => import('./commands/inspect.ts'),
  login: () => import('./commands/login.ts'),
  logout: () => import('./commands/logout.ts'),
  ps: () => import('./commands/container/ls.ts'),
  rmi: () => import('./commands/image/rm.ts'),
  search: () => import('./commands/search.ts'),
  version: () => import('./commands/version.ts'),
};

/** A word with commands under it. */
export interface Group {
  readonly summary: string;
  readonly commands: Readonly<Record<string, Loader>>;
  /** Other words for the same commands, not in the list. */
  readonly aliases: Readonly<Record<string, string>>;
}

const groups: Readonly<Record<string, Group>> = {
  container: {
    summary: 'Manage containers',
    commands: {
      ...container,
      inspect: () => import('./commands/container/inspect.ts'),
      ls: () => import('./commands/container/ls.ts'),
      prune: () => import('./commands/container/prune.ts'),
    },
    aliases: { ps: 'ls', list: 'ls', remove: 'rm' },
  },
  image: {
    summary: 'Manage images',
    commands: {
      ...image,
      bootstrap: () => import('./commands/image/bootstrap.ts'),
      inspect: () => import('./commands/image/inspect.ts'),
      ls: () => import('./commands/image/ls.ts'),
      prune: () => import('./commands/image/prune.ts'),
      rm: () => import('./commands/image/rm.ts'),
    },
    aliases: { list: 'ls', remove: 'rm' },
  },
  manifest: {
    summary: 'Manage manifests and lists of them, in registries',
    commands: {
      annotate: () => import('./commands/manifest/annotate.ts'),
      create: () => import('./commands/manifest/create.ts'),
      inspect: () => import('./commands/manifest/inspect.ts'),
      push: () => import('./commands/manifest/push.ts'),
      rm: () => import('./commands/manifest/rm.ts'),
    },
    aliases: {},
  },
  registry: {
    summary: 'Look at registries, be one',
    commands: {
      explain: () => import('./commands/registry/explain.ts'),
      serve: () => import('./commands/registry/serve.ts'),
    },
    aliases: {},
  },
  network: {
    summary: 'Manage networks',
    commands: {
      connect: () => import('./commands/network/connect.ts'),
      create: () => import('./commands/network/create.ts'),
      disconnect: () => import('./commands/network/disconnect.ts'),
      inspect: () => import('./commands/network/inspect.ts'),
      ls: () => import('./commands/network/ls.ts'),
      prune: () => import('./commands/network/prune.ts'),
      rm: () => import('./commands/network/rm.ts'),
    },
    aliases: { list: 'ls', remove: 'rm' },
  },
  system: {
    summary: 'Manage berth and its engine',
    commands: {
      df: () => import('./commands/system/df.ts'),
      events: () => import('./commands/system/events.ts'),
      info: () => import('./commands/system/info.ts'),
      prune: () => import('./commands/system/prune.ts'),
      start: () => import('./commands/system/start.ts'),
      stop: () => import('./commands/system/stop.ts'),
    },
    aliases: {},
  },
};

/** What the first words of a command line name. */
export type Found =
  /** `path` is how help calls it: the words without other names for the same. */
  | { readonly kind: 'command'; readonly words: number; readonly path: string; readonly load: Loader }
  | { readonly kind: 'group'; readonly words: number; readonly name: string; readonly group: Group }
  | { readonly kind: 'unknown'; readonly words: number; readonly group?: string };

/** Looks the command of a line up. */
export function findCommand(line: readonly string[]): Found {
  const [first = '', second] = line;
  const load = own(top, first);
  if (load !== undefined) return { kind: 'command', words: 1, path: first, load };
  const group = own(groups, first);
  if (group === undefined) return { kind: 'unknown', words: 0 };
  if (second === undefined || second.startsWith('-')) return { kind: 'group', words: 1, name: first, group };
  const name = own(group.aliases, second) ?? second;
  const inner = own(group.commands, name);
  return inner === undefined
    ? { kind: 'unknown', words: 1, group: first }
    : { kind: 'command', words: 2, path: `${first} ${name}`, load: inner };
}

/** Everything, for the list of commands. */
export function allCommands(): { readonly top: Readonly<Record<string, Loader>>; readonly groups: Readonly<Record<string, Group>> } {
  return { top, groups };
}

function own<T>(record: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(record, name) ? record[name] : undefined;
}
