import { mkdirSync, statSync } from 'node:fs';
import { EngineError } from '../../base/index.ts';
import type { ContainerConfig, HostConfig } from '../../spec/index.ts';
import type { MountPoint } from '../contract.ts';
import type { House } from '../house.ts';
import { clean, parseMounts, parseVolumesFrom, type MountWish } from './parse-mounts.ts';

export interface ResolvedMounts {
  readonly mounts: readonly MountPoint[];
  /** Names of volumes that did not exist before: the undo of a create that fails removes them. */
  readonly madeVolumes: readonly string[];
  /** Volumes that are to be filled with what the image has at their destination, if they are empty. */
  readonly copyUps: ReadonlyArray<{ readonly destination: string; readonly mountpoint: string }>;
}

/**
 * Looks up what the mounts of a new container stand for and makes the volumes they need. Later ones win over those of `--volumes-from`;
 * the image's VOLUMEs come last, where nothing is mounted yet. moby daemon/volumes.go (registerMountPoints).
 * @throws {EngineError} InvalidArgument; NotFound.
 */
export function resolveMounts(house: House, config: ContainerConfig, hostConfig: HostConfig): ResolvedMounts {
  const byDestination = new Map<string, MountPoint>();
  for (const mount of mountsFrom(house, hostConfig.VolumesFrom ?? [])) byDestination.set(mount.destination, mount);
  const wishes = parseMounts(hostConfig);
  const sources = wishes.map((wish) => checkSource(house, wish));
  const imageWishes = imageVolumes(config, hostConfig, new Set([...byDestination.keys(), ...wishes.map((wish) => wish.destination)]));
  const madeVolumes: string[] = [];
  const copyUps: Array<{ destination: string; mountpoint: string }> = [];
  try {
    for (const [index, wish] of [...wishes, ...imageWishes].entries()) {
      const mount = wish.kind === 'volume' ? resolveVolume(house, wish, hostConfig, madeVolumes) : (sources[index] as MountPoint);
      byDestination.set(mount.destination, mount);
      if (wish.kind === 'volume' && wish.copyUp && wish.subpath === undefined) {
        copyUps.push({ destination: mount.destination, mountpoint: mount.source });
      }
    }
  } catch (error) {
    void removeMade(house, madeVolumes);
    throw error;
  }
  return { mounts: [...byDestination.values()], madeVolumes, copyUps };
}

/** Undoes what `resolveMounts` made. */
export async function removeMade(house: House, names: readonly string[]): Promise<void> {
  for (const name of names) {
    if (house.volumes.find(name) !== undefined) await house.volumes.remove(name);
  }
}

function mountsFrom(house: House, specs: readonly string[]): readonly MountPoint[] {
  return specs.flatMap((spec) => {
    const { words, readOnly } = parseVolumesFrom(spec);
    const { mounts } = house.records.resolve(words);
    return mounts.filter((mount) => mount.type !== 'tmpfs').map((mount) => (readOnly ? { ...mount, readWrite: false } : mount));
  });
}

function imageVolumes(config: ContainerConfig, hostConfig: HostConfig, taken: ReadonlySet<string>): readonly MountWish[] {
  const tmpfs = new Set(Object.keys(hostConfig.Tmpfs ?? {}).map(clean));
  return Object.keys(config.Volumes ?? {})
    .map((path) => clean(path.startsWith('/') ? path : `/${path}`))
    .filter((destination) => destination !== '/' && !taken.has(destination) && !tmpfs.has(destination))
    .map((destination) => ({
      kind: 'volume' as const,
      destination,
      readWrite: true,
      mode: '',
      name: '',
      driver: hostConfig.VolumeDriver,
      labels: {},
      options: {},
      copyUp: true,
    }));
}

/** Everything but volumes, which are made only after all else was found good. */
function checkSource(house: House, wish: MountWish): MountPoint | undefined {
  const { destination, mode, readWrite } = wish;
  switch (wish.kind) {
    case 'bind':
      checkBindSource(wish.source, wish.createSource);
      return {
        type: 'bind',
        source: wish.source,
        destination,
        mode,
        readWrite,
        propagation: wish.propagation,
        ...(wish.recursive ? {} : { options: ['bind'] }),
      };
    case 'tmpfs':
      return { type: 'tmpfs', source: '', destination, mode, readWrite, propagation: '', options: wish.options };
    case 'image': {
      const image = house.images.resolve(wish.reference);
      if (image.chainId === null)
        throw new EngineError('InvalidArgument', `invalid mount config for type "image": ${wish.reference} has no layers`);
      return {
        type: 'image',
        name: image.id,
        source: wish.reference,
        destination,
        mode,
        readWrite: false,
        propagation: '',
        ...(wish.subpath === undefined ? {} : { subpath: wish.subpath }),
      };
    }
    case 'volume':
      return undefined;
  }
}

function checkBindSource(source: string, create: boolean): void {
  try {
    statSync(source);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT')
      throw new EngineError('InvalidArgument', `invalid mount config for type "bind": ${source}: ${(error as Error).message}`, {
        cause: error,
      });
    if (!create)
      throw new EngineError('InvalidArgument', `invalid mount config for type "bind": bind source path does not exist: ${source}`);
    makeSource(source);
  }
}

function makeSource(source: string): void {
  try {
    mkdirSync(source, { recursive: true, mode: 0o755 });
  } catch (error) {
    throw new EngineError('InvalidArgument', `error while creating mount source path '${source}': ${(error as Error).message}`, {
      cause: error,
    });
  }
}

function resolveVolume(house: House, wish: MountWish & { readonly kind: 'volume' }, hostConfig: HostConfig, made: string[]): MountPoint {
  const existed = wish.name !== '' && house.volumes.find(wish.name) !== undefined;
  const volume = house.volumes.create({ name: wish.name, driver: wish.driver, labels: wish.labels, options: wish.options });
  if (!existed) {
    made.push(volume.name);
    house.events.publish({ type: 'volume', action: 'create', actor: { id: volume.name, attributes: { driver: volume.driver } } });
  }
  return {
    type: 'volume',
    name: volume.name,
    source: volume.mountpoint,
    destination: wish.destination,
    driver: volume.driver,
    mode: wish.mode === '' && wish.name !== '' ? 'z' : wish.mode,
    readWrite: wish.readWrite,
    propagation: '',
    ...(wish.subpath === undefined ? {} : { subpath: wish.subpath }),
    ...(wish.name === '' ? { anonymous: true } : {}),
  };
}
