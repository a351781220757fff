import { formatPlatform, type Platform } from '../../spec/index.ts';

/** What `--build-arg` says, by name. */
export type BuildArguments = ReadonlyMap<string, string>;

const proxies = ['HTTP_PROXY', 'HTTPS_PROXY', 'FTP_PROXY', 'NO_PROXY', 'ALL_PROXY'];

/** Whether an argument needs no ARG, and stays out of history and cache keys. Dockerfile reference, "Predefined ARGs". */
export function isPredeclared(name: string): boolean {
  return proxies.includes(name) || (name === name.toLowerCase() && proxies.includes(name.toUpperCase()));
}

/** TARGETPLATFORM, BUILDOS and their kin. Dockerfile reference, "Automatic platform ARGs in the global scope". */
export function platformArguments(build: Platform, target: Platform): ReadonlyMap<string, string> {
  return new Map([...one('BUILD', build), ...one('TARGET', target)]);
}

function one(prefix: string, platform: Platform): Array<[string, string]> {
  return [
    [`${prefix}PLATFORM`, formatPlatform(platform)],
    [`${prefix}OS`, platform.os],
    [`${prefix}ARCH`, platform.architecture],
    [`${prefix}VARIANT`, platform.variant ?? ''],
  ];
}
