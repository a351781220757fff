import type { FlagSpec } from './flags/index.ts';

/** The flags before the command. */
export const globalFlags: readonly FlagSpec[] = [
  { name: 'config', kind: 'string', usage: 'Folder of client configuration files' },
  { name: 'context', short: 'c', kind: 'string', usage: 'Context whose engine to use (wins over BERTH_HOST and DOCKER_HOST)' },
  { name: 'debug', short: 'D', kind: 'bool', usage: 'Show what goes on' },
  { name: 'host', short: 'H', kind: 'list', usage: 'Socket of the engine' },
  { name: 'log-level', short: 'l', kind: 'string', fallback: 'info', usage: 'How much to log ("debug", "info", "warn", "error", "fatal")' },
  { name: 'tls', kind: 'bool', usage: 'Use TLS; implied by --tlsverify' },
  { name: 'tlscacert', kind: 'string', usage: 'Trust only certificates signed by this authority' },
  { name: 'tlscert', kind: 'string', usage: 'TLS certificate file' },
  { name: 'tlskey', kind: 'string', usage: 'TLS key file' },
  { name: 'tlsverify', kind: 'bool', usage: 'Use TLS and verify the engine' },
  { name: 'version', short: 'v', kind: 'bool', usage: 'Print the version and quit' },
];
