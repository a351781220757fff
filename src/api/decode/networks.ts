import { EngineError } from '../../base/index.ts';
import type { CreateNetworkRequest } from '../../engine/index.ts';
import type { EndpointSettings } from '../../spec/index.ts';
import { endpointSettings } from './container-config.ts';
import { boolean, list, map, optional, string, struct } from './go-json.ts';

interface PoolBody {
  readonly Subnet: string;
  readonly IPRange: string;
  readonly Gateway: string;
  readonly AuxiliaryAddresses?: Readonly<Record<string, string>>;
}

interface CreateBody {
  readonly Name: string;
  readonly Driver: string;
  readonly Internal: boolean;
  readonly Attachable: boolean;
  readonly Ingress: boolean;
  readonly ConfigOnly: boolean;
  readonly Scope: string;
  readonly EnableIPv4?: boolean;
  readonly EnableIPv6?: boolean;
  readonly Options?: Readonly<Record<string, string>>;
  readonly Labels?: Readonly<Record<string, string>>;
  readonly IPAM?: { readonly Driver: string; readonly Options?: Readonly<Record<string, string>>; readonly Config?: readonly PoolBody[] };
}

const pool = struct<PoolBody>('network.IPAMConfig', {
  Subnet: string,
  IPRange: string,
  Gateway: string,
  AuxiliaryAddresses: optional(map(string)),
});

const createBody = struct<CreateBody>('network.CreateRequest', {
  Name: string,
  Driver: string,
  Internal: boolean,
  Attachable: boolean,
  Ingress: boolean,
  ConfigOnly: boolean,
  Scope: string,
  EnableIPv4: optional(boolean),
  EnableIPv6: optional(boolean),
  Options: optional(map(string)),
  Labels: optional(map(string)),
  IPAM: optional(
    struct<NonNullable<CreateBody['IPAM']>>('network.IPAM', {
      Driver: string,
      Options: optional(map(string)),
      Config: optional(list(pool)),
    }),
  ),
});

/** POST /networks/create. @throws {EngineError} InvalidArgument; Forbidden, for what belongs to a swarm. */
export function decodeNetworkCreate(value: unknown): CreateNetworkRequest {
  const body = createBody.decode(value, { struct: 'CreateRequest', path: '' });
  if (body.Name === '') throw new EngineError('InvalidArgument', 'network name cannot be empty');
  if (body.Ingress || body.Scope === 'swarm' || body.Scope === 'global') {
    throw new EngineError(
      'Unavailable',
      'This node is not a swarm manager. Use "docker swarm init" or "docker swarm join" to connect this node to swarm and try again.',
    );
  }
  if (body.ConfigOnly) throw new EngineError('NotImplemented', 'configuration-only networks are not supported');
  return {
    name: body.Name,
    driver: body.Driver,
    internal: body.Internal,
    attachable: body.Attachable,
    ...(body.EnableIPv4 === undefined ? {} : { ipv4: body.EnableIPv4 }),
    ipv6: body.EnableIPv6 ?? false,
    labels: body.Labels ?? {},
    options: body.Options ?? {},
    ipam: {
      driver: body.IPAM?.Driver ?? '',
      options: body.IPAM?.Options ?? null,
      config: (body.IPAM?.Config ?? []).map(({ Subnet, IPRange, Gateway, AuxiliaryAddresses }) => ({
        subnet: Subnet,
        ipRange: IPRange,
        gateway: Gateway,
        ...(AuxiliaryAddresses === undefined ? {} : { auxiliaryAddresses: AuxiliaryAddresses }),
      })),
    },
  };
}

/** POST /networks/{id}/connect. @throws {EngineError} InvalidArgument. */
export function decodeConnect(value: unknown): { readonly container: string; readonly settings: EndpointSettings } {
  const body = struct<{ readonly Container: string; readonly EndpointConfig?: EndpointSettings }>('network.ConnectRequest', {
    Container: string,
    EndpointConfig: optional(endpointSettings),
  }).decode(value, { struct: 'ConnectRequest', path: '' });
  return { container: body.Container, settings: body.EndpointConfig ?? {} };
}

/** POST /networks/{id}/disconnect. @throws {EngineError} InvalidArgument. */
export function decodeDisconnect(value: unknown): { readonly container: string; readonly force: boolean } {
  const body = struct<{ readonly Container: string; readonly Force: boolean }>('network.DisconnectRequest', {
    Container: string,
    Force: boolean,
  }).decode(value, { struct: 'DisconnectRequest', path: '' });
  return { container: body.Container, force: body.Force };
}
