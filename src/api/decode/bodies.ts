import { EngineError } from '../../base/index.ts';
import type { CommitRequest, CreateExecRequest, StartExecRequest, UpdateContainerRequest } from '../../engine/index.ts';
import type { HostConfig } from '../../spec/index.ts';
import { containerConfigFields } from './container-config.ts';
import { boolean, list, map, optional, string, struct, type Decoder } from './go-json.ts';
import { consoleSize, resourceFields, restartPolicy } from './host-config.ts';

const sizeOf = ([rows, columns]: readonly [number, number]) => ({ rows, columns });

const execOptions = struct<{
  readonly User: string;
  readonly Privileged: boolean;
  readonly Tty: boolean;
  readonly ConsoleSize?: readonly [number, number];
  readonly AttachStdin: boolean;
  readonly AttachStderr: boolean;
  readonly AttachStdout: boolean;
  readonly DetachKeys: string;
  readonly Env: readonly string[];
  readonly WorkingDir: string;
  readonly Cmd: readonly string[];
}>('container.ExecOptions', {
  User: string,
  Privileged: boolean,
  Tty: boolean,
  ConsoleSize: optional(consoleSize),
  AttachStdin: boolean,
  AttachStderr: boolean,
  AttachStdout: boolean,
  DetachKeys: string,
  Env: list(string),
  WorkingDir: string,
  Cmd: list(string),
});

/** POST /containers/{id}/exec. @throws {EngineError} InvalidArgument `No exec command specified`. */
export function decodeExecCreate(value: unknown, minor: number): CreateExecRequest {
  const options = execOptions.decode(value, { struct: 'ExecOptions', path: '' });
  if (options.Cmd.length === 0) throw new EngineError('InvalidArgument', 'No exec command specified');
  return {
    user: options.User,
    privileged: options.Privileged,
    terminal: options.Tty,
    ...(options.ConsoleSize === undefined || minor < 42 ? {} : { consoleSize: sizeOf(options.ConsoleSize) }),
    attachStdin: options.AttachStdin,
    attachStdout: options.AttachStdout,
    attachStderr: options.AttachStderr,
    detachKeys: options.DetachKeys,
    env: options.Env,
    command: options.Cmd,
    workingDir: options.WorkingDir,
  };
}

const execStart = struct<{ readonly Detach: boolean; readonly Tty: boolean; readonly ConsoleSize?: readonly [number, number] }>(
  'container.ExecStartOptions',
  { Detach: boolean, Tty: boolean, ConsoleSize: optional(consoleSize) },
);

/** POST /exec/{id}/start. @throws {EngineError} InvalidArgument. */
export function decodeExecStart(value: unknown, minor: number): StartExecRequest {
  const options = execStart.decode(value, { struct: 'ExecStartOptions', path: '' });
  const size = minor < 42 ? undefined : options.ConsoleSize;
  if (size !== undefined && (!options.Tty || options.Detach) && size.some((each) => each > 0)) {
    throw new EngineError(
      'InvalidArgument',
      options.Detach ? 'Cannot use ConsoleSize with Detach' : 'Cannot use ConsoleSize without a TTY',
    );
  }
  return { detach: options.Detach, terminal: options.Tty, ...(size === undefined ? {} : { consoleSize: sizeOf(size) }) };
}

type UpdateBody = Pick<HostConfig, keyof typeof resourceFields | 'RestartPolicy'>;
const updateBody: Decoder<UpdateBody> = struct<UpdateBody>('container.UpdateConfig', { ...resourceFields, RestartPolicy: restartPolicy });
const updatable = [
  'BlkioWeight',
  'CpuPeriod',
  'CpuQuota',
  'CpuRealtimePeriod',
  'CpuRealtimeRuntime',
  'CpuShares',
  'CpusetCpus',
  'CpusetMems',
  'Memory',
  'MemoryReservation',
  'MemorySwap',
  'NanoCpus',
  'PidsLimit',
] as const;

/** POST /containers/{id}/update: zero means "as it is". @throws {EngineError} InvalidArgument. */
export function decodeUpdate(value: unknown): UpdateContainerRequest {
  const body = updateBody.decode(value, { struct: 'UpdateConfig', path: '' });
  const changed = updatable.filter((name) => (name === 'PidsLimit' ? body.PidsLimit !== null : body[name] !== 0 && body[name] !== ''));
  const request: UpdateContainerRequest = Object.fromEntries(changed.map((name) => [name, body[name]]));
  return body.RestartPolicy.Name === '' ? request : { ...request, RestartPolicy: body.RestartPolicy };
}

type CommitConfig = NonNullable<CommitRequest['config']>;
const commitConfig = struct<CommitConfig>(
  'container.Config',
  Object.fromEntries(Object.entries(containerConfigFields).map(([name, field]) => [name, optional(field as Decoder<unknown>)])) as never,
);

/** POST /commit: only what the body names. @throws {EngineError} InvalidArgument. */
export function decodeCommitConfig(value: unknown): CommitConfig {
  return commitConfig.decode(value, { struct: 'Config', path: '' });
}

const volumeBody = struct<{
  readonly Name: string;
  readonly Driver: string;
  readonly DriverOpts: Readonly<Record<string, string>>;
  readonly Labels: Readonly<Record<string, string>>;
}>('volume.CreateOptions', { Name: string, Driver: string, DriverOpts: map(string), Labels: map(string) });

/** POST /volumes/create. @throws {EngineError} InvalidArgument. */
export function decodeVolumeCreate(value: unknown) {
  const { Name, Driver, DriverOpts, Labels } = volumeBody.decode(value, { struct: 'CreateOptions', path: '' });
  return { name: Name, driver: Driver === '' ? 'local' : Driver, labels: Labels, options: DriverOpts };
}
