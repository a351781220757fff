import { inOtherCase, textOf } from './template/index.ts';

// In the engine's answers these are maps of what the user said; every other object is a structure with fixed fields.
const maps = new Set(
  'Annotations Attributes ConfigFields Data DriverOpts EndpointsConfig ExposedPorts Labels Networks Options PortBindings Ports Status StorageOpt Sysctls Tmpfs Volumes'.split(
    ' ',
  ),
);
const lists = new Set(
  `Aliases Args BlkioDeviceReadBps BlkioDeviceReadIOps BlkioDeviceWriteBps BlkioDeviceWriteIOps BlkioWeightDevice Binds CapAdd CapDrop Capabilities Cmd
   DNSNames DeviceCgroupRules DeviceIDs DeviceRequests Devices Dns DnsOptions DnsSearch Entrypoint Env ExecIDs ExtraHosts GroupAdd Layers Links Log MaskedPaths Mounts
   OnBuild ReadonlyPaths RepoDigests RepoTags SecondaryIPAddresses SecondaryIPv6Addresses SecurityOpt Shell Test Ulimits VolumesFrom`.split(
    /\s+/,
  ),
);
// Fields that the engine leaves out of the JSON when they are empty.
const optional = new Set(
  `Annotations Container ContainerConfig DeviceID ExposedPorts GwPriority Health Healthcheck Init MacAddress Mounts NetworkDisabled Node Shell SizeRootFs SizeRw
   StartInterval StartPeriod StopSignal StopTimeout StorageOpt Sysctls Tmpfs Variant ArgsEscaped OsVersion Author Comment DockerVersion ImageManifestDescriptor`.split(
    /\s+/,
  ),
);

/** `value` such that a template shows it as Docker's own types: structures as `{a b}`, an absent list as `[]`. JSON of it stays what it was. */
export function shaped(value: unknown, name = ''): unknown {
  if (value === null) return lists.has(name) ? emptyList() : maps.has(name) ? emptyMap() : null;
  if (Array.isArray(value)) return value.map((each) => shaped(each));
  if (typeof value !== 'object') return value;
  const isMap = maps.has(name) || (name === 'Config' && Object.values(value).every((field) => typeof field === 'string'));
  const result: Record<string, unknown> = {};
  for (const [key, field] of Object.entries(value)) result[key] = shaped(field, key);
  if (!isMap) {
    const show = () => `{${Object.values(result).map(textOf).join(' ')}}`;
    Object.defineProperty(result, 'toTemplateText', { value: show, enumerable: false });
  }
  return result;
}

/** What a field is that an answer does not have. @throws Go's words for one that no answer has. */
export function missingField(name: string, owner: unknown): unknown {
  if (typeof owner === 'object' && owner !== null && !('toTemplateText' in owner)) return undefined;
  const found = inOtherCase(name, owner);
  if (found !== undefined) return found;
  if (!optional.has(name)) throw new Error(`map has no entry for key ${JSON.stringify(name)}`);
  if (lists.has(name)) return [];
  return maps.has(name) ? {} : null;
}

function emptyList(): unknown[] {
  return Object.defineProperty([], 'toJSON', { value: () => null, enumerable: false });
}

function emptyMap(): object {
  return Object.defineProperty({}, 'toJSON', { value: () => null, enumerable: false });
}
