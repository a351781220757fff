import { EngineError } from '../base/index.ts';
import type { HostConfig } from '../spec/index.ts';
import { checkRestartPolicy } from './create/check-host-config.ts';
import { checkResources } from './create/check-resources.ts';
import { publishContainerEvent } from './events/index.ts';
import { lookUpBlockDevices } from './host-devices.ts';
import type { House } from './house.ts';
import { toResources } from './oci-spec/index.ts';
import type { Options, UpdateContainerRequest } from './requests.ts';

/**
 * Changes a container's limits or restart policy; a running one feels it at once. Nothing is kept when the kernel refuses.
 * @throws {EngineError} InvalidArgument; Conflict; each with Docker's `Cannot update container x: …`.
 */
export async function updateContainer(
  house: House,
  words: string,
  request: UpdateContainerRequest,
  _options: Options,
): Promise<{ readonly warnings: readonly string[] }> {
  const { id } = house.records.resolve(words);
  return house.locks.run(id, () => {
    const record = house.records.find(id);
    if (record === undefined) throw new EngineError('NotFound', `No such container: ${words}`);
    const refuse = (why: string) => new EngineError('InvalidArgument', `Cannot update container ${id}: ${why}`);
    const wanted = merge(record.hostConfig, request, refuse);
    checkRestartPolicy(wanted.RestartPolicy);
    const { resources: hostConfig, warnings } = checkResources(wanted, house.host, { update: true });
    const process = house.live.process(id);
    if (process !== undefined) {
      const blockDevices = lookUpBlockDevices(hostConfig);
      const { devices: _devices, ...resources } = toResources(hostConfig, {
        devices: [],
        blockDevices,
        cgroupVersion: house.host.cgroupVersion,
      });
      process.cgroup.update(resources);
    }
    const updated = house.records.update(id, { hostConfig });
    publishContainerEvent(house.events, updated, 'update');
    return { warnings };
  });
}

// Zero and '' mean "leave it", as the command line sends them for every flag that was not given. moby container/container_unix.go.
function merge(now: HostConfig, request: UpdateContainerRequest, refuse: (why: string) => EngineError): HostConfig {
  if ((request.NanoCpus ?? 0) > 0 && now.CpuPeriod > 0) {
    throw refuse('Conflicting options: Nano CPUs cannot be updated as CPU Period has already been set');
  }
  if ((request.NanoCpus ?? 0) > 0 && now.CpuQuota > 0) {
    throw refuse('Conflicting options: Nano CPUs cannot be updated as CPU Quota has already been set');
  }
  if (((request.CpuPeriod ?? 0) > 0 || (request.CpuQuota ?? 0) > 0) && now.NanoCpus > 0) {
    throw refuse('Conflicting options: CPU Period/Quota cannot be updated as NanoCPUs has already been set');
  }
  const memory = request.Memory ?? 0;
  const swap = request.MemorySwap ?? 0;
  if (memory > 0 && swap === 0 && now.MemorySwap > 0 && memory > now.MemorySwap) {
    throw refuse('Memory limit should be smaller than already set memoryswap limit, update the memoryswap at the same time');
  }
  const policy = request.RestartPolicy;
  if (policy !== undefined && policy.Name !== '' && now.AutoRemove) {
    throw refuse('Restart policy cannot be updated because AutoRemove is enabled for the container');
  }
  const set = Object.entries(request).filter(([key, value]) => key !== 'RestartPolicy' && value !== 0 && value !== '' && value !== null);
  return {
    ...now,
    ...Object.fromEntries(set),
    ...(policy === undefined || policy.Name === '' ? {} : { RestartPolicy: policy }),
  };
}
