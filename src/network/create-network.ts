import { EngineError, newId } from '../base/index.ts';
import { parseSubnet, type Subnet } from './address.ts';
import { builtInNames } from './built-in.ts';
import type { CreateNetworkRequest, Network } from './contract.ts';
import { choosePools } from './ipam.ts';

export const bridgeOptions = {
  name: 'com.docker.network.bridge.name',
  masquerade: 'com.docker.network.bridge.enable_ip_masquerade',
  containers: 'com.docker.network.bridge.enable_icc',
  hostBinding: 'com.docker.network.bridge.host_binding_ipv4',
  mtu: 'com.docker.network.driver.mtu',
  interfacePrefix: 'com.docker.network.container_iface_prefix',
} as const;

/** A new network out of what was asked for; makes nothing. @throws {EngineError} InvalidArgument, Forbidden, NotFound or AlreadyExists, in Docker's words. */
export function planNetwork(
  request: CreateNetworkRequest,
  others: readonly Network[],
  host: { readonly routes: readonly Subnet[]; readonly engineId: string },
): Network {
  const { name, options } = request;
  checkName(name, others);
  const driver = driverOf(request.driver);
  checkDriver(request, driver, others);
  const ipv4 = request.ipv4 ?? true;
  const networks = others.flatMap((other) => other.ipam.config.map(({ subnet }) => ({ subnet: parseSubnet(subnet)!, by: other.name })));
  const config = choosePools(request.ipam.config, { ipv4, ipv6: request.ipv6 }, { networks, ...host });
  const id = newId();
  const device = driver === 'bridge' ? (options[bridgeOptions.name] ?? `br-${id.slice(0, 12)}`) : '';
  if (device.length > 15 || /[/\s:]/.test(device)) throw invalid(`invalid bridge name ${JSON.stringify(device)}: at most 15 characters`);
  if (others.some((other) => other.device !== '' && other.device === device)) {
    throw new EngineError('Forbidden', `network with bridge name ${device} already exists`);
  }
  const { internal, attachable, ipv6, labels } = request;
  const ipam = { driver: request.ipam.driver === '' ? 'default' : request.ipam.driver, options: request.ipam.options, config };
  return { id, name, createdAt: new Date(), driver, internal, attachable, ipv4, ipv6, labels, options, ipam, device };
}

/** The network's device size; undefined for the kernel's. */
export function mtuOf({ options }: Network): number | undefined {
  const mtu = Number(options[bridgeOptions.mtu] ?? 0);
  return mtu > 0 && mtu !== 1500 ? mtu : undefined;
}

function checkName(name: string, others: readonly Network[]): void {
  if (!/^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/.test(name))
    throw invalid(`${JSON.stringify(name)} includes invalid characters for a network name, only "[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed`);
  if (builtInNames.includes(name) || name === 'default')
    throw new EngineError('Forbidden', `operation is not permitted on predefined ${name} network`);
  if (others.some((other) => other.name === name)) throw new EngineError('AlreadyExists', `network with name ${name} already exists`);
}

function driverOf(driver: string): Network['driver'] {
  if (driver === '' || driver === 'default' || driver === 'bridge') return 'bridge';
  if (driver === 'macvlan') return 'macvlan';
  if (driver === 'host' || driver === 'null')
    throw new EngineError('Forbidden', `only one instance of ${JSON.stringify(driver)} network is allowed`);
  if (driver === 'ipvlan') throw new EngineError('NotImplemented', 'ipvlan networks are not supported: use a macvlan or bridge network');
  if (driver === 'overlay')
    throw new EngineError(
      'Unavailable',
      'This node is not a swarm manager. Use "docker swarm init" or "docker swarm join" to connect this node to swarm and try again.',
    );
  throw new EngineError('NotFound', `could not find plugin ${driver} in v1 plugin registry: plugin not found`);
}

function checkDriver({ options, ipam }: CreateNetworkRequest, driver: Network['driver'], others: readonly Network[]): void {
  if (!['', 'default'].includes(ipam.driver))
    throw new EngineError('NotFound', `could not find plugin ${ipam.driver} in v1 plugin registry: plugin not found`);
  const mtu = options[bridgeOptions.mtu];
  if (mtu !== undefined && !/^\d{1,5}$/.test(mtu))
    throw invalid(`failed to parse ${bridgeOptions.mtu} value: ${JSON.stringify(mtu)} (invalid syntax)`);
  for (const key of [bridgeOptions.masquerade, bridgeOptions.containers]) {
    const value = options[key];
    if (value !== undefined && !/^(1|t|true|0|f|false)$/i.test(value))
      throw invalid(`failed to parse ${key} value: ${JSON.stringify(value)} (invalid syntax)`);
  }
  if (driver !== 'macvlan') return;
  const { parent } = options;
  if (parent === undefined || parent === '') throw invalid('macvlan networks need a parent device: give one with --opt parent=DEVICE');
  if (others.some((other) => other.driver === 'macvlan' && other.options['parent'] === parent)) {
    throw new EngineError('Forbidden', `network dm-${parent} is already using parent interface ${parent}`);
  }
}

/** A boolean option of a network as Go reads it. */
export function isOn(value: string | undefined, fallback: boolean): boolean {
  return value === undefined ? fallback : /^(1|t|true)$/i.test(value);
}

function invalid(message: string): EngineError {
  return new EngineError('InvalidArgument', message);
}
