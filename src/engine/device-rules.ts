import { EngineError } from '../base/index.ts';

/** A line of the devices cgroup; an absent number stands for all. */
export interface DeviceRule {
  readonly allow: boolean;
  readonly type: string;
  readonly major?: number;
  readonly minor?: number;
  readonly access: string;
}

/** `c 1:3 mr`, `a *:* rwm`. @throws {EngineError} InvalidArgument `invalid device cgroup rule format: 'x'`. */
export function parseDeviceRule(text: string): DeviceRule {
  const match = /^([acb]) (\d+|\*):(\d+|\*) ([rwm]{1,3})$/.exec(text);
  if (match === null) throw new EngineError('InvalidArgument', `invalid device cgroup rule format: '${text}'`);
  const [, type, major, minor, access] = match;
  return {
    allow: true,
    type: type!,
    ...(major === '*' ? {} : { major: Number(major) }),
    ...(minor === '*' ? {} : { minor: Number(minor) }),
    access: access!,
  };
}
