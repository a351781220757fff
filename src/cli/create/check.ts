import { parseSize } from '../../base/index.ts';
import { parseGpus, parseNetwork, parseUlimit } from './fields.ts';
import { isIpAddress } from './ip.ts';
import { parseMount } from './mount.ts';

// One function for each kind of value; the messages are the docker CLI's.

export function attach(text: string): void {
  if (!['stdin', 'stdout', 'stderr'].includes(text.toLowerCase())) throw new Error('valid streams are STDIN, STDOUT and STDERR');
}

export function env(text: string): void {
  if (text === '' || text.startsWith('=')) throw new Error(`invalid environment variable: ${text}`);
}

export function label(text: string): void {
  if (text.trim() === '' || text.startsWith('=')) throw new Error(`invalid label '${text}': empty name`);
}

export function keyValue(text: string): void {
  if (text === '') throw new Error('');
}

// The kernel parameters that belong to a namespace of the container.
export function sysctl(text: string): void {
  const isOwn = /^(kernel\.(msgmax|msgmnb|msgmni|sem|shmall|shmmax|shmmni|shm_rmid_forced)|net\.[^=]*|fs\.mqueue\.[^=]*)=/.test(text);
  if (!isOwn) throw new Error(`sysctl '${text}' is not allowed`);
}

export function network(text: string): void {
  parseNetwork(text);
}

export function mount(text: string): void {
  parseMount(text);
}

export function ulimit(text: string): void {
  parseUlimit(text);
}

export function gpus(text: string): void {
  parseGpus(text);
}

export function link(text: string): void {
  if (text === '') throw new Error('empty string specified for links');
  const parts = text.split(':');
  if (parts.length > 2) throw new Error(`bad format for links: ${text}`);
}

export function ipAddress(text: string): void {
  if (!isIpAddress(text.trim())) throw new Error(`IP address is not correctly formatted: ${text}`);
}

export function dnsSearch(text: string): void {
  const domain = text.trim();
  if (domain === '.') return;
  const part = '[a-zA-Z0-9]([a-zA-Z0-9-]*[a-zA-Z0-9])?';
  if (!/[a-zA-Z]/.test(domain) || !new RegExp(`^${part}(\\.${part})*\\.?$`).test(domain)) throw new Error(`${text} is not a valid domain`);
}

export function extraHost(text: string): void {
  const at = hostSplit(text);
  const name = text.slice(0, Math.max(at, 0));
  const address = text.slice(at + 1);
  if (at === -1 || name === '') throw new Error(`bad format for add-host: ${JSON.stringify(text)}`);
  if (address === 'host-gateway') return;
  if (!isIpAddress(address.replace(/^\[(.*)\]$/, '$1'))) throw new Error(`invalid IP address in add-host: ${JSON.stringify(address)}`);
}

/** Where name and address part: at the first `=`, or else the first `:`. */
export function hostSplit(text: string): number {
  const equals = text.indexOf('=');
  return equals === -1 ? text.indexOf(':') : equals;
}

export function cpus(text: string): void {
  const [, fraction = ''] = text.split('.');
  if (/^\d*[1-9]\d*$/.test(fraction.slice(9))) throw new Error('value is too precise');
}

export function device(text: string): void {
  if (/^[a-zA-Z0-9][\w.-]*\.?[\w.-]*\/[\w.-]+=[\w.:-]+$/.test(text)) return;
  const parts = text.split(':');
  if (parts.length > 3 || text === '') throw new Error(`bad format for path: ${text}`);
  const [source = '', target, mode] = parts;
  const path = parts.length === 1 ? source : (target ?? '');
  if (parts.length === 3 && !isDeviceMode(mode!)) throw new Error(`bad mode specified: ${mode}`);
  if (parts.length === 2 && isDeviceMode(path)) return checkAbsolute(source, source);
  checkAbsolute(path, path);
}

/** Whether the text says what may be done with a device: some of `r`, `w`, `m`, each once. */
export function isDeviceMode(text: string): boolean {
  return /^(?!.*(.).*\1)[rwm]{1,3}$/.test(text);
}

function checkAbsolute(path: string, shown: string): void {
  if (!path.startsWith('/')) throw new Error(`${shown} is not an absolute path`);
}

export function deviceRule(text: string): void {
  if (!/^[acb] ([0-9]+|\*):([0-9]+|\*) [rwm]{1,3}$/.test(text)) throw new Error(`invalid device cgroup format '${text}'`);
}

export function weightDevice(text: string): void {
  const { path, value } = splitDevice(text);
  if (!path.startsWith('/dev/')) throw new Error(`bad format for device path: ${text}`);
  const weight = /^\d+$/.test(value) ? Number(value) : -1;
  if (weight !== 0 && (weight < 10 || weight > 1000)) throw new Error(`invalid weight for device: ${text}`);
}

export function throttleBytes(text: string): void {
  const { path, value } = splitDevice(text);
  if (!path.startsWith('/dev/')) throw new Error(`bad format for device path: ${text}`);
  try {
    parseSize(value);
  } catch {
    const format =
      'The correct format is <device-path>:<number>[<unit>]. Number must be a positive integer. Unit is optional and can be kb, mb, or gb';
    throw new Error(`invalid rate for device: ${text}. ${format}`);
  }
}

export function throttleOperations(text: string): void {
  const { path, value } = splitDevice(text);
  if (!path.startsWith('/dev/')) throw new Error(`bad format for device path: ${text}`);
  if (!/^\d+$/.test(value)) {
    throw new Error(`invalid rate for device: ${text}. The correct format is <device-path>:<number>. Number must be a positive integer`);
  }
}

function splitDevice(text: string): { path: string; value: string } {
  const colon = text.indexOf(':');
  if (colon < 1) throw new Error(`bad format: ${text}`);
  return { path: text.slice(0, colon), value: text.slice(colon + 1) };
}
