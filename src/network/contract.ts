/** A network as its row has it. */
export interface Network {
  readonly id: string;
  readonly name: string;
  readonly createdAt: Date;
  readonly driver: 'bridge' | 'host' | 'null' | 'macvlan';
  readonly internal: boolean;
  readonly attachable: boolean;
  readonly ipv4: boolean;
  readonly ipv6: boolean;
  readonly labels: Readonly<Record<string, string>>;
  readonly options: Readonly<Record<string, string>>;
  readonly ipam: {
    readonly driver: string;
    readonly options: Readonly<Record<string, string>> | null;
    readonly config: readonly IpamConfig[];
  };
  /** The bridge's device name; '' where there is none. */
  readonly device: string;
}

/** One address pool; texts as Docker shows them. `gateway` is always there after create. */
export interface IpamConfig {
  readonly subnet: string;
  readonly ipRange?: string;
  readonly gateway?: string;
  readonly auxiliaryAddresses?: Readonly<Record<string, string>>;
}

export interface CreateNetworkRequest {
  readonly name: string;
  readonly driver: string;
  readonly internal: boolean;
  readonly attachable: boolean;
  readonly ipv4?: boolean;
  readonly ipv6: boolean;
  readonly labels: Readonly<Record<string, string>>;
  readonly options: Readonly<Record<string, string>>;
  readonly ipam: {
    readonly driver: string;
    readonly options: Readonly<Record<string, string>> | null;
    readonly config: ReadonlyArray<Partial<IpamConfig>>;
  };
}

/** What a container asks for on one network. */
export interface EndpointRequest {
  readonly ipv4?: string;
  readonly ipv6?: string;
  readonly mac?: string;
  readonly gatewayPriority: number;
  /** Names it answers to on this network, its own first. */
  readonly names: readonly string[];
}

/** A container's place on a network while it runs. */
export interface Endpoint {
  readonly id: string;
  readonly networkId: string;
  readonly containerId: string;
  /** Inside: `eth0`. */
  readonly interfaceName: string;
  /** On the host: `veth1a2b3c4`. */
  readonly hostDevice: string;
  readonly mac: string;
  readonly ipv4?: { readonly address: string; readonly prefixLength: number; readonly gateway: string };
  readonly ipv6?: { readonly address: string; readonly prefixLength: number; readonly gateway: string };
  readonly gatewayPriority: number;
  readonly names: readonly string[];
  /** Published on this network; all of a container's ports are on one. */
  readonly ports: readonly PublishedPort[];
}

export type PortProtocol = 'tcp' | 'udp' | 'sctp';

/** A wish: host port 0 is any. `hostIp` '' is every address, IPv4 and IPv6. */
export interface PortRequest {
  readonly protocol: PortProtocol;
  readonly containerPort: number;
  readonly hostIp: string;
  readonly firstHostPort: number;
  readonly lastHostPort: number;
}

export interface PublishedPort {
  readonly protocol: PortProtocol;
  readonly containerPort: number;
  /** `0.0.0.0`, `::` or one address. */
  readonly hostIp: string;
  readonly hostPort: number;
}

/** The networks of an engine: rows, devices, rules. Knows containers by id and pid only. */
export interface Networks extends AsyncDisposable {
  /** Built-in ones first, then oldest first. */
  list(): readonly Network[];
  /** By name, id or unambiguous id prefix. @throws {EngineError} NotFound `network x not found`; InvalidArgument. */
  resolve(words: string): Network;
  find(words: string): Network | undefined;
  /** @throws {EngineError} AlreadyExists; InvalidArgument and Forbidden, in Docker's words. Nothing is left then. */
  create(request: CreateNetworkRequest): Network;
  /** @throws {EngineError} Forbidden, when it is built in or in use. */
  remove(network: Network): void;
  /** Those of running containers. */
  endpointsOn(networkId: string): readonly Endpoint[];
  /** In the order of their interfaces. */
  endpointsOf(containerId: string): readonly Endpoint[];
  /**
   * Joins a network namespace to networks, in this order, and publishes ports on the first that can. All or nothing; synchronous in the kernel.
   * @throws {EngineError} Forbidden, InvalidArgument, Conflict or Internal, in Docker's words.
   */
  attach(
    container: AttachTarget,
    wanted: ReadonlyArray<{ readonly network: Network; readonly request: EndpointRequest }>,
    ports: readonly PortRequest[],
  ): readonly Endpoint[];
  /** Takes one endpoint of a running container away. Idempotent. */
  disconnect(container: AttachTarget, network: Network): void;
  /** The container has ended: its addresses and ports are free. Its namespace takes its devices along. Idempotent. */
  release(containerId: string): void;
  /** Tells which containers run, once at start-up: rows of others go, rules and devices are put in order. */
  restore(running: readonly AttachTarget[]): void;
  /** The address containers reach the host at, for `host-gateway`; undefined without a bridge. */
  hostGateway(containerId: string): string | undefined;
}

export interface AttachTarget {
  readonly containerId: string;
  /** Of a process in the container's network namespace. */
  readonly pid: number;
  /** Whom its own name server asks, in place of the host's. */
  readonly nameServers?: readonly string[];
}
