import { EngineError } from '../base/index.ts';

/** Versions of the Engine API that are served: 1.24 to 1.51. */
export const minimumMinor = 24;
export const maximumMinor = 51;
export const minimumVersion = `1.${minimumMinor}`;
export const maximumVersion = `1.${maximumMinor}`;

/** The minor of `1.N`, as a path names it; without one the highest. @throws {EngineError} InvalidArgument, in Docker's words. */
export function parseVersion(text: string | undefined): number {
  if (text === undefined) return maximumMinor;
  const [major = 0, minor = 0] = text.split('.').map(Number);
  if (major < 1 || (major === 1 && minor < minimumMinor)) {
    throw new EngineError(
      'InvalidArgument',
      `client version ${text} is too old. Minimum supported API version is ${minimumVersion}, please upgrade your client to a newer version`,
    );
  }
  if (major > 1 || minor > maximumMinor) {
    throw new EngineError('InvalidArgument', `client version ${text} is too new. Maximum supported API version is ${maximumVersion}`);
  }
  return minor;
}
