import { readdirSync, readFileSync } from 'node:fs';
import type { House } from './house.ts';
import type { EngineInfo } from './use-cases.ts';

/** Counts and facts for `/info`; the host's own facts are in `house.host`. */
export function engineInfo(house: House): EngineInfo {
  const counts = { running: 0, paused: 0, stopped: 0 };
  const records = house.records.list();
  for (const { state } of records) {
    if (state.status === 'running' || state.status === 'restarting') counts.running += 1;
    else if (state.status === 'paused') counts.paused += 1;
    else counts.stopped += 1;
  }
  const release = osRelease();
  return {
    containers: records.length,
    ...counts,
    images: house.images.list().length,
    operatingSystem: release['PRETTY_NAME'] ?? 'Linux',
    osVersion: release['VERSION_ID'] ?? '',
    goroutines: readdirSync('/proc/self/task').length,
    fileDescriptors: readdirSync('/proc/self/fd').length,
    eventListeners: house.events.listeners,
    warnings: warnings(house),
  };
}

/** os-release(5). */
function osRelease(): Readonly<Record<string, string>> {
  for (const path of ['/etc/os-release', '/usr/lib/os-release']) {
    try {
      const fields = readFileSync(path, 'utf8').matchAll(/^(\w+)=(?:"([^"\n]*)"|'([^'\n]*)'|(.*))$/gm);
      return Object.fromEntries([...fields].map(([, name, double, single, bare]) => [name!, double ?? single ?? bare ?? '']));
    } catch {
      // The next place is the standard's second one.
    }
  }
  return {};
}

/** What this host cannot limit, in Docker's words (daemon/info_unix.go). */
function warnings(house: House): readonly string[] {
  const { controllers, swapLimit } = house.host;
  const missing: string[] = [];
  if (!controllers.includes('memory')) missing.push('WARNING: No memory limit support');
  if (!swapLimit) missing.push('WARNING: No swap limit support');
  if (!controllers.includes('cpu')) missing.push('WARNING: No cpu cfs quota support', 'WARNING: No cpu shares support');
  if (!controllers.includes('cpuset')) missing.push('WARNING: No cpuset support');
  if (!controllers.includes('pids')) missing.push('WARNING: No pids limit support');
  return missing;
}
