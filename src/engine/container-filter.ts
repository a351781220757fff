import { EngineError } from '../base/index.ts';
import type { ContainerRecord } from './contract.ts';
import { checkFilters } from './filters.ts';
import type { House } from './house.ts';
import { isRunning } from './records.ts';
import type { Filters } from './requests.ts';
import { hasLabel } from './volumes.ts';

const known = 'ancestor before exited expose health id is-task isolation label name network publish since status volume'.split(' ');
const statuses = ['created', 'restarting', 'running', 'removing', 'paused', 'exited', 'dead'];
const healths = ['none', 'starting', 'healthy', 'unhealthy'];

type Accepts = (record: ContainerRecord) => boolean;

/**
 * The filters of `docker ps`, made once for a whole list. Values of one key are alternatives (of `label`, all must hold), keys must all hold.
 * moby daemon/list.go. @throws {EngineError} InvalidArgument; NotFound.
 */
export function containerFilter(house: House, filters: Filters): { readonly accepts: Accepts; readonly anyStatus: boolean } {
  checkFilters(filters, known);
  const tests: Accepts[] = [];
  for (const [key, values] of Object.entries(filters)) if (values.length > 0) tests.push(testFor(house, key, values));
  return { accepts: (record) => tests.every((test) => test(record)), anyStatus: (filters['status']?.length ?? 0) > 0 };
}

function testFor(house: House, key: string, values: readonly string[]): Accepts {
  switch (key) {
    case 'id':
      return matching(values, (record) => [record.id]);
    case 'name':
      return matching(values, (record) => [record.name, `/${record.name}`]);
    case 'label':
      return (record) => values.every((value) => hasLabel(record.config.Labels, value));
    case 'status':
      checkValues(key, values, statuses);
      return (record) => values.includes(record.state.status);
    case 'health':
      checkValues(key, values, healths);
      return (record) => values.includes(record.health?.status ?? 'none');
    case 'exited':
      return exitedWith(values);
    case 'ancestor':
      return descendedFrom(house, values);
    case 'before':
      return neighbours(house, values, (each, other) => each < other);
    case 'since':
      return neighbours(house, values, (each, other) => each > other);
    case 'volume':
      return (record) =>
        record.mounts.some(({ name, destination, source }) => values.some((value) => [name, destination, source].includes(value)));
    case 'network':
      return (record) => values.some((value) => networksOf(record).includes(value));
    case 'expose':
      return withPorts(values, (record) => Object.keys(record.config.ExposedPorts ?? {}));
    case 'publish':
      return withPorts(values, (record) =>
        Object.entries(record.hostConfig.PortBindings ?? {}).flatMap(([port, bindings]) => [
          port,
          ...(bindings ?? []).map(({ HostPort }) => `${HostPort}/${port.split('/')[1] ?? 'tcp'}`),
        ]),
      );
    case 'is-task':
      return () => values.some((value) => value === 'false' || value === '0');
    default: // isolation: Linux has one.
      return () => true;
  }
}

function checkValues(key: string, values: readonly string[], allowed: readonly string[]): void {
  for (const value of values) {
    if (!allowed.includes(value)) throw new EngineError('InvalidArgument', `invalid filter '${key}=${value}'`);
  }
}

// Docker takes each value as a regular expression; one that is none matches by itself.
function matching(values: readonly string[], textsOf: (record: ContainerRecord) => readonly string[]): Accepts {
  const patterns = values.map((value) => {
    try {
      return new RegExp(value);
    } catch {
      return undefined;
    }
  });
  return (record) => {
    const texts = textsOf(record);
    return values.some((value, index) => texts.some((text) => text === value || patterns[index]?.test(text) === true));
  };
}

function exitedWith(values: readonly string[]): Accepts {
  const codes = values.map((value) => {
    if (!/^-?\d+$/.test(value)) throw new EngineError('InvalidArgument', `invalid filter 'exited=${value}'`);
    return Number(value);
  });
  return ({ state }) => !isRunning(state) && state.status === 'exited' && codes.includes(state.exitCode);
}

// An image's descendants have its layers at the bottom of theirs.
function descendedFrom(house: House, values: readonly string[]): Accepts {
  const ancestors = values.flatMap((value) => {
    try {
      return [house.images.resolve(value)];
    } catch {
      return [];
    }
  });
  const byId = new Map(house.images.list().map((image) => [image.id, image]));
  return (record) => {
    if (values.includes(record.image.reference)) return true;
    const layers = byId.get(record.image.id)?.config.rootfs.diff_ids;
    return ancestors.some((ancestor) => {
      if (ancestor.id === record.image.id) return true;
      const own = ancestor.config.rootfs.diff_ids;
      return own.length > 0 && layers !== undefined && own.every((diffId, index) => layers[index] === diffId);
    });
  };
}

function neighbours(house: House, values: readonly string[], compare: (each: number, other: number) => boolean): Accepts {
  const others = values.map((value) => house.records.resolve(value));
  return (record) => others.every((other) => record.id !== other.id && compare(record.createdAt.getTime(), other.createdAt.getTime()));
}

function networksOf(record: ContainerRecord): readonly string[] {
  const mode = record.hostConfig.NetworkMode;
  return [mode === 'default' ? 'bridge' : mode, ...Object.keys(record.endpoints)];
}

/** `80`, `80/udp`, `8000-8010/tcp`. */
function withPorts(values: readonly string[], portsOf: (record: ContainerRecord) => readonly string[]): Accepts {
  const wanted = values.map((value) => {
    const match = /^(\d+)(?:-(\d+))?(?:\/(tcp|udp|sctp))?$/.exec(value);
    if (match === null) throw new EngineError('InvalidArgument', `invalid filter '${value}': invalid port`);
    return { first: Number(match[1]), last: Number(match[2] ?? match[1]), protocol: match[3] ?? 'tcp' };
  });
  return (record) =>
    portsOf(record).some((port) => {
      const [number, protocol = 'tcp'] = port.split('/');
      return wanted.some((each) => each.protocol === protocol && each.first <= Number(number) && Number(number) <= each.last);
    });
}
