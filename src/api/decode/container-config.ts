import type { ContainerConfig, EndpointSettings, HealthConfig } from '../../spec/index.ts';
import { boolean, empty, int, int64, list, map, nullable, optional, string, struct, words, type Decoder, type Fields } from './go-json.ts';

/** moby api/types/container (HealthConfig). */
export const healthConfig: Decoder<HealthConfig> = struct<HealthConfig>('container.HealthConfig', {
  Test: optional(list(string)),
  Interval: optional(int64),
  Timeout: optional(int64),
  StartPeriod: optional(int64),
  StartInterval: optional(int64),
  Retries: optional(int),
});

/** moby api/types/container (Config). */
export const containerConfigFields: Fields<ContainerConfig> = {
  Hostname: string,
  Domainname: string,
  User: string,
  AttachStdin: boolean,
  AttachStdout: boolean,
  AttachStderr: boolean,
  ExposedPorts: optional(map(empty)),
  Tty: boolean,
  OpenStdin: boolean,
  StdinOnce: boolean,
  Env: list(string),
  Cmd: nullable(words),
  Healthcheck: optional(healthConfig),
  ArgsEscaped: optional(boolean),
  Image: string,
  Volumes: nullable(map(empty)),
  WorkingDir: string,
  Entrypoint: nullable(words),
  NetworkDisabled: optional(boolean),
  MacAddress: optional(string),
  OnBuild: nullable(list(string)),
  Labels: map(string),
  StopSignal: optional(string),
  StopTimeout: optional(int),
  Shell: optional(words),
};

/** Names of all fields, in Docker's order. */
export const containerConfigNames = Object.keys(containerConfigFields) as ReadonlyArray<keyof ContainerConfig>;

/** moby api/types/network (EndpointSettings), what a client may set. */
export const endpointSettings: Decoder<EndpointSettings> = struct<EndpointSettings>('network.EndpointSettings', {
  IPAMConfig: optional(
    struct<NonNullable<EndpointSettings['IPAMConfig']>>('network.EndpointIPAMConfig', {
      IPv4Address: optional(string),
      IPv6Address: optional(string),
      LinkLocalIPs: optional(list(string)),
    }),
  ),
  Links: optional(list(string)),
  Aliases: optional(list(string)),
  MacAddress: optional(string),
  DriverOpts: optional(map(string)),
  GwPriority: optional(int),
});
