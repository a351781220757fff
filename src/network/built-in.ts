import { createHash } from 'node:crypto';
import type { Network } from './contract.ts';

/** The networks every engine has; `bridge` gets its pool when it is chosen. Their ids differ from engine to engine and stay the same in one. */
export const builtInNames: readonly string[] = ['bridge', 'host', 'none'];

export function builtInId(engineId: string, name: string): string {
  return createHash('sha256').update(`${engineId}/network/${name}`).digest('hex');
}

export function builtInNetwork(
  engineId: string,
  name: 'bridge' | 'host' | 'none',
  device: string,
  config: Network['ipam']['config'],
): Network {
  const bridge = name === 'bridge';
  return {
    id: builtInId(engineId, name),
    name,
    createdAt: new Date(),
    driver: name === 'none' ? 'null' : name,
    internal: false,
    attachable: false,
    ipv4: true,
    ipv6: false,
    labels: {},
    options: bridge
      ? {
          'com.docker.network.bridge.default_bridge': 'true',
          'com.docker.network.bridge.enable_icc': 'true',
          'com.docker.network.bridge.enable_ip_masquerade': 'true',
          'com.docker.network.bridge.host_binding_ipv4': '0.0.0.0',
          'com.docker.network.bridge.name': device,
          'com.docker.network.driver.mtu': '1500',
        }
      : {},
    ipam: { driver: 'default', options: null, config },
    device: bridge ? device : '',
  };
}
