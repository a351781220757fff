import { mkdirSync } from 'node:fs';
import { EngineError, Scope, messageOf } from '../base/index.ts';
import type { Image } from '../image/index.ts';
import type { ContainerConfig, HostConfig, Platform } from '../spec/index.ts';
import type { ContainerRecord, CreateContainerRequest } from './contract.ts';
import { copyUp } from './copy-up.ts';
import { adaptHostConfig } from './create/adapt-host-config.ts';
import { checkConfig } from './create/check-config.ts';
import { checkHostConfig } from './create/check-host-config.ts';
import { checkResources } from './create/check-resources.ts';
import { containerPaths } from './create/container-paths.ts';
import { mergeConfig } from './create/merge-config.ts';
import { removeMade, resolveMounts } from './create/resolve-mounts.ts';
import { publishContainerEvent } from './events/index.ts';
import type { House } from './house.ts';
import { makeUpName, parseContainerName } from './names.ts';
import type { CreatedContainer, Options } from './requests.ts';

/**
 * Makes a container: its layer, files, volumes and row, or nothing at all.
 * @throws {EngineError} NotFound `No such image: x`; Conflict, when the name is in use; InvalidArgument, in Docker's words.
 */
export async function createContainer(house: House, request: CreateContainerRequest, { signal }: Options): Promise<CreatedContainer> {
  signal.throwIfAborted();
  const id = house.newId();
  const checked = checkRequest(house, request);
  const image = house.images.resolve(request.config.Image);
  const warnings = [...checked.warnings, ...checkPlatform(house, image, request.platform)];
  await using scope = new Scope((error) => house.log.warn('create was not undone', { container: id, error: messageOf(error) }));
  const name =
    request.name === ''
      ? makeUpName((each) => house.records.nameHolder(each) !== undefined, Math.random)
      : parseContainerName(request.name);
  const releaseName = house.records.reserveName(name, id);
  scope.defer(() => void releaseName());

  const config = mergeConfig(request.config, image.config.config ?? {}, hostnameFor(house, checked.hostConfig, id));
  checkConfig(config);
  const hostConfig = adaptHostConfig(checked.hostConfig, {
    defaults: house.defaults,
    host: house.host,
    idOf: (words) => peerId(house, words),
  });
  house.streams.validateLogConfig(hostConfig.LogConfig);

  const paths = containerPaths(house.dataRoot, house.execRoot, id);
  scope.defer(() => house.trash.take(paths.directory, id));
  mkdirSync(paths.directory, { mode: 0o710 });
  scope.defer(() => house.snapshots.remove(id));
  await house.snapshots.prepare(id, image.chainId);
  const { mounts, madeVolumes, copyUps } = resolveMounts(house, config, hostConfig);
  scope.defer(() => removeMade(house, madeVolumes));
  for (const each of copyUps) await copyUp(house, id, each, { signal });

  const record = toRecord(house, { id, name, image, request, config, hostConfig, mounts, paths });
  signal.throwIfAborted();
  house.records.insert(record);
  scope.keep();
  releaseName();
  publishContainerEvent(house.events, record, 'create');
  return { id, warnings };
}

// The order of the checks is moby's: what is wrong with the request comes before a missing image.
function checkRequest(
  house: House,
  request: CreateContainerRequest,
): { readonly hostConfig: HostConfig; readonly warnings: readonly string[] } {
  const runtimes = ['berth', 'runc', 'io.containerd.runc.v2', ...Object.keys(house.defaults.runtimes)];
  checkConfig(request.config);
  const { resources, warnings } = checkResources(request.hostConfig, house.host, { update: false });
  const more = checkHostConfig(request.config, resources, { runtimes });
  if (request.config.Image === '') throw new EngineError('InvalidArgument', 'no image specified');
  return { hostConfig: resources, warnings: [...warnings, ...more] };
}

function checkPlatform(house: House, image: Image, wanted: string | undefined): readonly string[] {
  const { os, architecture, variant } = image.config;
  const own = `${os}/${architecture}${variant === undefined || variant === '' ? '' : `/${variant}`}`;
  if (wanted !== undefined && wanted !== '') {
    const asked = parsePlatform(wanted);
    if (asked.os !== os || (asked.architecture !== '' && asked.architecture !== architecture)) {
      throw new EngineError(
        'NotFound',
        `image with reference ${image.repoTags[0] ?? image.id} was found but does not provide the specified platform (${wanted})`,
      );
    }
    return [];
  }
  const host = `linux/${house.host.architecture}`;
  if (os === 'linux' && architecture === house.host.architecture) return [];
  return [
    `The requested image's platform (${own}) does not match the detected host platform (${host}) and no specific platform was requested`,
  ];
}

function parsePlatform(text: string): Platform {
  const [os = '', architecture = ''] = text.toLowerCase().split('/');
  const aliases: Readonly<Record<string, string>> = { x86_64: 'amd64', 'x86-64': 'amd64', aarch64: 'arm64' };
  // One word alone may be either.
  if (architecture === '' && os !== 'linux') return { os: 'linux', architecture: aliases[os] ?? os };
  return { os, architecture: aliases[architecture] ?? architecture };
}

function hostnameFor(house: House, hostConfig: HostConfig, id: string): string {
  if (hostConfig.UTSMode === 'host' || hostConfig.NetworkMode === 'host') return house.host.hostname;
  return id.slice(0, 12);
}

// A peer that is not there is the start's concern, as in moby.
function peerId(house: House, words: string): string | undefined {
  try {
    return house.records.resolve(words).id;
  } catch {
    return undefined;
  }
}

function toRecord(
  house: House,
  parts: {
    readonly id: string;
    readonly name: string;
    readonly image: Image;
    readonly request: CreateContainerRequest;
    readonly config: ContainerConfig;
    readonly hostConfig: HostConfig;
    readonly mounts: ContainerRecord['mounts'];
    readonly paths: ReturnType<typeof containerPaths>;
  },
): ContainerRecord {
  const { id, name, image, request, config, hostConfig, mounts } = parts;
  const { directory: _directory, ...paths } = parts.paths;
  const [path = '', ...args] = [...(config.Entrypoint ?? []), ...(config.Cmd ?? [])];
  return {
    id,
    revision: 1,
    name,
    createdAt: house.records.creationTime(house.clock.now()),
    image: { id: image.id, reference: config.Image },
    config,
    hostConfig,
    endpoints: request.endpoints,
    mounts,
    state: { status: 'created' },
    restartCount: 0,
    stoppedByUser: false,
    platform: image.config.os,
    process: { path, args },
    paths,
  };
}
