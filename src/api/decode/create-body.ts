import { EngineError } from '../../base/index.ts';
import type { CreateContainerRequest } from '../../engine/index.ts';
import type { ContainerConfig, EndpointSettings, HostConfig, MountRequest } from '../../spec/index.ts';
import { containerConfigFields, endpointSettings } from './container-config.ts';
import { map, optional, struct } from './go-json.ts';
import { hostConfig } from './host-config.ts';

interface CreateBody extends ContainerConfig {
  readonly HostConfig: HostConfig;
  readonly NetworkingConfig?: { readonly EndpointsConfig?: Readonly<Record<string, EndpointSettings>> };
}

const body = struct<CreateBody>('container.CreateRequest', {
  ...containerConfigFields,
  HostConfig: hostConfig,
  NetworkingConfig: optional(
    struct<NonNullable<CreateBody['NetworkingConfig']>>('network.NetworkingConfig', { EndpointsConfig: optional(map(endpointSettings)) }),
  ),
});

/**
 * A body of POST /containers/create as the engine wants it: every field there, with the defaults of the client's API version
 * (`minor` of 1.x). moby daemon/server/router/container (postContainersCreate).
 * @throws {EngineError} InvalidArgument, in Docker's words.
 */
export function decodeCreate(
  value: unknown,
  facts: { readonly minor: number; readonly name: string; readonly platform: string; readonly cgroupVersion: 1 | 2 },
): CreateContainerRequest {
  const decoded = body.decode(value, { struct: 'CreateRequest', path: '' });
  if (!namesConfig(value)) throw new EngineError('InvalidArgument', 'config cannot be empty in order to create a container');
  const { HostConfig: host, NetworkingConfig: networking, ...config } = decoded;
  return {
    name: facts.name,
    ...(facts.platform === '' ? {} : { platform: facts.platform }),
    config: configOf(config, facts.minor),
    hostConfig: hostConfigOf(host, facts),
    endpoints: networking?.EndpointsConfig ?? {},
  };
}

// Go allocates the embedded Config only when one of its fields is named.
function namesConfig(value: unknown): boolean {
  const known = new Set(Object.keys(containerConfigFields).map((name) => name.toLowerCase()));
  return Object.keys((value ?? {}) as object).some((key) => known.has(key.toLowerCase()));
}

function configOf(config: ContainerConfig, minor: number): ContainerConfig {
  if (minor >= 44 || config.Healthcheck?.StartInterval === undefined) return config;
  const { StartInterval: _, ...health } = config.Healthcheck;
  return { ...config, Healthcheck: health };
}

function hostConfigOf(wanted: HostConfig, facts: { readonly minor: number; readonly cgroupVersion: 1 | 2 }): HostConfig {
  const { minor } = facts;
  const { Annotations: annotations, Mounts: mounts, ...rest } = wanted;
  return {
    ...rest,
    ...(annotations === undefined || minor < 43 ? {} : { Annotations: annotations }),
    ...(mounts === undefined ? {} : { Mounts: mounts.map((mount) => mountOf(mount, minor)) }),
    NetworkMode: wanted.NetworkMode === '' ? 'default' : wanted.NetworkMode,
    // Clients before 1.25 removed containers themselves.
    AutoRemove: wanted.AutoRemove && minor >= 25,
    IpcMode: wanted.IpcMode === '' && minor < 40 ? 'shareable' : wanted.IpcMode,
    CgroupnsMode: wanted.CgroupnsMode === '' && minor < 41 && facts.cgroupVersion === 1 ? 'host' : wanted.CgroupnsMode,
    PidsLimit: wanted.PidsLimit !== null && wanted.PidsLimit <= 0 ? null : wanted.PidsLimit,
    MemorySwappiness: wanted.MemorySwappiness === -1 ? null : wanted.MemorySwappiness,
  };
}

function mountOf(mount: MountRequest, minor: number): MountRequest {
  if (mount.Type === 'image' && minor < 48) {
    throw new EngineError('InvalidArgument', 'mount type "image" is not supported before API version 1.48');
  }
  const { BindOptions: bind, ...rest } = mount;
  if (bind === undefined) return mount;
  const { NonRecursive, CreateMountpoint, ReadOnlyNonRecursive, ReadOnlyForceRecursive, Propagation } = bind;
  return {
    ...rest,
    BindOptions: {
      ...(Propagation === undefined ? {} : { Propagation }),
      ...(NonRecursive === undefined || minor < 40 ? {} : { NonRecursive }),
      ...(CreateMountpoint === undefined || minor < 42 ? {} : { CreateMountpoint }),
      // Before 1.44 a read-only bind was not read-only below.
      ...(minor < 44 ? { ReadOnlyNonRecursive: true } : ReadOnlyNonRecursive === undefined ? {} : { ReadOnlyNonRecursive }),
      ...(ReadOnlyForceRecursive === undefined || minor < 44 ? {} : { ReadOnlyForceRecursive }),
    },
  };
}
