import type { DeviceRequest } from '../../spec/index.ts';
import { csvFields } from './csv.ts';

/** One `--network`, in the long form or as a name alone. */
export interface NetworkOption {
  target: string;
  aliases: string[];
  driverOptions: Record<string, string>;
  links: string[];
  ipv4: string;
  ipv6: string;
  linkLocal: string[];
  mac: string;
  gatewayPriority: number;
}

/** Reads one `--network`. @throws with the docker CLI's words. */
export function parseNetwork(text: string): NetworkOption {
  const option: NetworkOption = {
    target: '',
    aliases: [],
    driverOptions: {},
    links: [],
    ipv4: '',
    ipv6: '',
    linkLocal: [],
    mac: '',
    gatewayPriority: 0,
  };
  if (!/[=,]/.test(text)) return { ...option, target: text };
  for (const field of csvFields(text)) {
    const equals = field.indexOf('=');
    if (equals < 1) throw new Error(`invalid field ${field}`);
    const name = field.slice(0, equals).trim().toLowerCase();
    const value = field.slice(equals + 1).trim();
    switch (name) {
      case 'name':
        option.target = value;
        break;
      case 'alias':
        option.aliases.push(value);
        break;
      case 'ip':
        option.ipv4 = value;
        break;
      case 'ip6':
        option.ipv6 = value;
        break;
      case 'mac-address':
        option.mac = value;
        break;
      case 'link-local-ip':
        option.linkLocal.push(value);
        break;
      case 'driver-opt': {
        const at = value.indexOf('=');
        if (at === -1) throw new Error('invalid key value pair format in driver options');
        option.driverOptions[value.slice(0, at).trim().toLowerCase()] = value.slice(at + 1).trim();
        break;
      }
      case 'gw-priority':
        if (!/^[+-]?\d+$/.test(value))
          throw new Error(`invalid gw-priority (${value}): strconv.Atoi: parsing ${JSON.stringify(value)}: invalid syntax`);
        option.gatewayPriority = Number(value);
        break;
      default:
        throw new Error(`invalid field key ${name}`);
    }
  }
  if (option.target === '') throw new Error('network name/id is not specified');
  return option;
}

const limits = 'core cpu data fsize locks memlock msgqueue nice nofile nproc rss rtprio rttime sigpending stack'.split(' ');

/** Reads one `--ulimit`, `nofile=1024:2048`. @throws with go-units' words. */
export function parseUlimit(text: string): { Name: string; Hard: number; Soft: number } {
  const [name, values, ...more] = text.split('=');
  if (name === undefined || values === undefined || more.length > 0) throw new Error(`invalid ulimit argument: ${text}`);
  if (!limits.includes(name)) throw new Error(`invalid ulimit type: ${name}`);
  const [soft = '', hard, ...rest] = values.split(':');
  if (rest.length > 0) throw new Error(`too many limit value arguments - ${values}, can only have up to two, \`soft[:hard]\``);
  for (const value of [soft, hard ?? soft]) {
    if (!/^[+-]?\d+$/.test(value)) throw new Error(`strconv.ParseInt: parsing ${JSON.stringify(value)}: invalid syntax`);
  }
  const limit = { Name: name, Hard: Number(hard ?? soft), Soft: Number(soft) };
  if (hard !== undefined && limit.Hard !== -1) {
    if (limit.Soft === -1)
      throw new Error(`ulimit soft limit must be less than or equal to hard limit: soft: -1 (unlimited), hard: ${limit.Hard}`);
    if (limit.Soft > limit.Hard)
      throw new Error(`ulimit soft limit must be less than or equal to hard limit: ${limit.Soft} > ${limit.Hard}`);
  }
  return limit;
}

/** Reads one `--gpus`: `all`, a number, or `device=0,capabilities=utility`. @throws with the docker CLI's words. */
export function parseGpus(text: string): DeviceRequest {
  const request = {
    Driver: '',
    Count: 0,
    DeviceIDs: null as string[] | null,
    Capabilities: [['gpu']],
    Options: {} as Record<string, string>,
  };
  const seen = new Set<string>();
  for (const field of csvFields(text)) {
    const equals = field.indexOf('=');
    const key = equals === -1 ? 'count' : field.slice(0, equals);
    const value = equals === -1 ? field : field.slice(equals + 1);
    if (seen.has(key)) throw new Error(`gpu request key '${key}' can be specified only once`);
    seen.add(key);
    if (key === 'driver') request.Driver = value;
    else if (key === 'count') request.Count = countOf(value);
    else if (key === 'device') request.DeviceIDs = value.split(',');
    else if (key === 'capabilities') request.Capabilities = [[...value.split(','), 'gpu']];
    else if (key === 'options') request.Options = Object.fromEntries(csvFields(value).map((option) => option.split(/=(.*)/s).slice(0, 2)));
    else throw new Error(`unexpected key '${key}' in '${field}'`);
  }
  if (!seen.has('count') && request.DeviceIDs === null) request.Count = 1;
  return request;
}

function countOf(text: string): number {
  if (text === 'all') return -1;
  if (!/^[+-]?\d+$/.test(text)) throw new Error('invalid count (' + text + '): value must be either "all" or an integer: invalid syntax');
  return Number(text);
}
