import { createHash } from 'node:crypto';
import { shortId } from '../../base/index.ts';
import { builtInNames, networkWords, type ContainerRecord, type Endpoint, type Network, type Networks } from '../../engine/index.ts';
import type { EndpointSettings } from '../../spec/index.ts';
import { formatTime } from './time.ts';

/** What rendering needs of the networks; none is given for a container that is shown without its engine. */
export interface NetworkFacts {
  readonly engineId: string;
  /** Of API 1.x. */
  readonly minor: number;
  readonly networks?: Pick<Networks, 'find' | 'endpointsOf'>;
}

/** NetworkSettings.Networks of inspect and list. */
export function renderEndpoints(record: ContainerRecord, facts: NetworkFacts) {
  return Object.fromEntries(
    networkWords(record).map((words) => {
      const name = facts.networks?.find(words)?.name ?? words;
      const settings = record.endpoints[words] ?? (name === 'bridge' ? record.endpoints['default'] : undefined) ?? {};
      return [name, renderEndpoint(record, name, settings, facts)];
    }),
  );
}

/** The endpoint of a network, while the container runs. */
export function endpointOn(record: ContainerRecord, name: string, { networks }: NetworkFacts): Endpoint | undefined {
  const id = networks?.find(name)?.id;
  return id === undefined ? undefined : networks?.endpointsOf(record.id).find(({ networkId }) => networkId === id);
}

function renderEndpoint(record: ContainerRecord, name: string, settings: EndpointSettings, facts: NetworkFacts) {
  const { engineId, minor, networks } = facts;
  const own = !builtInNames.includes(name);
  const aliases = settings.Aliases ?? null;
  const endpoint = endpointOn(record, name, facts);
  const mac = endpoint?.mac ?? settings.MacAddress ?? '';
  return {
    IPAMConfig: settings.IPAMConfig ?? null,
    Links: settings.Links ?? null,
    // Since 1.45 the short id is no alias.
    Aliases: own && minor < 45 ? [...(aliases ?? []), shortId(record.id)] : aliases,
    ...(minor >= 44 ? { MacAddress: mac } : {}),
    DriverOpts: settings.DriverOpts ?? null,
    ...(minor >= 48 ? { GwPriority: settings.GwPriority ?? 0 } : {}),
    NetworkID: networks?.find(name)?.id ?? createHash('sha256').update(`${engineId}/network/${name}`).digest('hex'),
    EndpointID: endpoint?.id ?? '',
    ...renderAddresses(endpoint),
    ...(minor >= 44 ? { DNSNames: own ? [record.name, ...(aliases ?? []), shortId(record.id)] : null } : { MacAddress: mac }),
  };
}

/** The addresses of an endpoint, in inspect's order of an endpoint. */
export function renderAddresses(endpoint: Endpoint | undefined) {
  return {
    Gateway: endpoint?.ipv4?.gateway ?? '',
    IPAddress: endpoint?.ipv4?.address ?? '',
    IPPrefixLen: endpoint?.ipv4?.prefixLength ?? 0,
    IPv6Gateway: endpoint?.ipv6?.gateway ?? '',
    GlobalIPv6Address: endpoint?.ipv6?.address ?? '',
    GlobalIPv6PrefixLen: endpoint?.ipv6?.prefixLength ?? 0,
  };
}

/** One network, as GET /networks shows it; with the endpoints on it in inspect. */
export function renderNetwork(
  network: Network,
  attached: ReadonlyArray<{ readonly endpoint: Endpoint; readonly name: string }>,
  minor: number,
) {
  return {
    Name: network.name,
    Id: network.id,
    Created: formatTime(network.createdAt),
    Scope: 'local',
    Driver: network.driver,
    ...(minor >= 47 ? { EnableIPv4: network.ipv4 } : {}),
    EnableIPv6: network.ipv6,
    IPAM: {
      Driver: network.ipam.driver,
      Options: network.ipam.options,
      Config: network.ipam.config.map(({ subnet, ipRange, gateway, auxiliaryAddresses }) => ({
        Subnet: subnet,
        ...(ipRange === undefined ? {} : { IPRange: ipRange }),
        ...(gateway === undefined ? {} : { Gateway: gateway }),
        ...(auxiliaryAddresses === undefined ? {} : { AuxiliaryAddresses: auxiliaryAddresses }),
      })),
    },
    Internal: network.internal,
    Attachable: network.attachable,
    Ingress: false,
    ConfigFrom: { Network: '' },
    ConfigOnly: false,
    Containers: Object.fromEntries(
      attached.map(({ endpoint, name }) => [
        endpoint.containerId,
        {
          Name: name,
          EndpointID: endpoint.id,
          MacAddress: endpoint.mac,
          IPv4Address: endpoint.ipv4 === undefined ? '' : `${endpoint.ipv4.address}/${endpoint.ipv4.prefixLength}`,
          IPv6Address: endpoint.ipv6 === undefined ? '' : `${endpoint.ipv6.address}/${endpoint.ipv6.prefixLength}`,
        },
      ]),
    ),
    Options: network.options,
    Labels: network.labels,
  };
}
