import { EngineError } from '../../base/index.ts';
import type { ContainerConfig, HealthConfig, ImageExecutionConfig } from '../../spec/index.ts';

/**
 * What the container runs: the user's words over the image's. A user's entrypoint drops the image's command. `hostname` fills an empty
 * one. moby daemon/commit.go (merge).
 * @throws {EngineError} InvalidArgument `no command specified`.
 */
export function mergeConfig(user: ContainerConfig, image: ImageExecutionConfig, hostname: string): ContainerConfig {
  const merged: ContainerConfig = {
    ...user,
    ...mergeCommand(user, image),
    ...present('Healthcheck', mergeHealth(user.Healthcheck, image.Healthcheck)),
    ...present('ExposedPorts', mergeKeys(user.ExposedPorts, image.ExposedPorts)),
    ...present('StopSignal', nonEmpty(user.StopSignal) ?? nonEmpty(image.StopSignal)),
    ...present('Shell', (user.Shell?.length ?? 0) > 0 ? user.Shell : image.Shell),
    Hostname: user.Hostname === '' ? hostname : user.Hostname,
    User: user.User === '' ? (image.User ?? '') : user.User,
    Env: mergeEnv(user.Env, image.Env ?? []),
    WorkingDir: user.WorkingDir === '' ? (image.WorkingDir ?? '') : user.WorkingDir,
    Labels: { ...image.Labels, ...user.Labels },
    Volumes: mergeKeys(user.Volumes ?? undefined, image.Volumes) ?? null,
  };
  return merged;
}

function mergeCommand(user: ContainerConfig, image: ImageExecutionConfig): Pick<ContainerConfig, 'Entrypoint' | 'Cmd'> {
  let entrypoint = user.Entrypoint;
  let command = user.Cmd;
  if ((entrypoint?.length ?? 0) === 0) {
    if ((command?.length ?? 0) === 0) command = image.Cmd ?? null;
    // An empty list resets the image's entrypoint for good; only its absence takes it over.
    entrypoint ??= image.Entrypoint ?? null;
  }
  // `--entrypoint ''` arrives as [""].
  if (entrypoint?.length === 1 && entrypoint[0] === '') entrypoint = null;
  if ((entrypoint?.length ?? 0) === 0 && (command?.length ?? 0) === 0) throw new EngineError('InvalidArgument', 'no command specified');
  return { Entrypoint: entrypoint, Cmd: command };
}

/** Image variables that the user did not set come after the user's own, as in moby. A user's `NAME` without `=` unsets it. */
function mergeEnv(user: readonly string[], image: readonly string[]): readonly string[] {
  if (image.length === 0) return user;
  const named = new Set(user.map(nameOf));
  return [...user, ...image.filter((each) => !named.has(nameOf(each)))];
}

function nameOf(variable: string): string {
  const equals = variable.indexOf('=');
  return equals === -1 ? variable : variable.slice(0, equals);
}

function mergeHealth(user: HealthConfig | undefined, image: HealthConfig | undefined): HealthConfig | undefined {
  if (image === undefined || user === undefined) return user ?? image;
  const merged: Record<string, unknown> = { ...user };
  for (const key of ['Interval', 'Timeout', 'StartPeriod', 'StartInterval', 'Retries'] as const) {
    if ((user[key] ?? 0) === 0 && image[key] !== undefined) merged[key] = image[key];
  }
  if ((user.Test?.length ?? 0) === 0 && image.Test !== undefined) merged['Test'] = image.Test;
  return merged;
}

function mergeKeys(
  user: Readonly<Record<string, object>> | undefined,
  image: Readonly<Record<string, object>> | undefined,
): Readonly<Record<string, object>> | undefined {
  if (user === undefined || image === undefined) return user ?? image;
  return { ...image, ...user };
}

function nonEmpty(text: string | undefined): string | undefined {
  return text === '' ? undefined : text;
}

function present<K extends string, V>(key: K, value: V | undefined): { readonly [P in K]?: V } {
  return (value === undefined ? {} : { [key]: value }) as { readonly [P in K]?: V };
}
