import { EngineError } from '../../base/index.ts';
import type { ContainerConfig, HealthConfig } from '../../spec/index.ts';
import { parseSignal } from '../signals.ts';

const millisecond = 1_000_000;

/** Refuses what cannot run, in Docker's words. moby daemon/container.go (validateContainerConfig). @throws {EngineError} InvalidArgument. */
export function checkConfig(config: ContainerConfig): void {
  if (config.WorkingDir !== '' && !config.WorkingDir.startsWith('/')) {
    throw invalid(`the working directory '${config.WorkingDir}' is invalid, it needs to be an absolute path`);
  }
  for (const variable of config.Env) {
    if (variable.startsWith('=') || variable === '') throw invalid(`invalid environment variable: ${variable}`);
  }
  if (config.StopSignal !== undefined && config.StopSignal !== '') parseSignal(config.StopSignal);
  checkHealth(config.Healthcheck);
  if (config.Hostname.length > 64 || /[\0\n]/.test(config.Hostname)) {
    throw invalid(`invalid hostname format: ${config.Hostname}`);
  }
  for (const port of Object.keys(config.ExposedPorts ?? {})) checkPort(port);
}

/** `80/tcp`, `8000-8010`. */
export function checkPort(port: string): void {
  const match = /^(\d+)(?:-(\d+))?(?:\/(tcp|udp|sctp))?$/i.exec(port);
  const start = Number(match?.[1]);
  const end = Number(match?.[2] ?? start);
  if (match === null || start > 65535 || end > 65535 || start > end) throw invalid(`invalid port specification: ${JSON.stringify(port)}`);
}

function checkHealth(health: HealthConfig | undefined): void {
  if (health === undefined) return;
  for (const key of ['Interval', 'Timeout', 'StartPeriod', 'StartInterval'] as const) {
    const nanos = health[key] ?? 0;
    if (nanos !== 0 && nanos < millisecond) throw invalid(`${key} in Healthcheck cannot be less than 1ms`);
  }
  if ((health.Retries ?? 0) < 0) throw invalid('Retries in Healthcheck cannot be negative');
  const [kind] = health.Test ?? [];
  if (kind !== undefined && kind !== '' && kind !== 'NONE' && kind !== 'CMD' && kind !== 'CMD-SHELL') {
    throw invalid(`Unknown type ${JSON.stringify(kind)} in healthcheck (try 'CMD')`);
  }
}

function invalid(message: string): EngineError {
  return new EngineError('InvalidArgument', message);
}
