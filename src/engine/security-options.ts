import { EngineError } from '../base/index.ts';

/** What `--security-opt` says. */
export interface SecurityOptions {
  readonly noNewPrivileges?: boolean;
  /** A profile's JSON, 'unconfined', or 'builtin'. */
  readonly seccomp?: string;
  readonly apparmor?: string;
  /** No masked and no read-only paths. */
  readonly systemPathsUnconfined: boolean;
}

/** @throws {EngineError} InvalidArgument `invalid --security-opt …`, in Docker's words. */
export function parseSecurityOptions(options: readonly string[]): SecurityOptions {
  const found: { -readonly [K in keyof SecurityOptions]: SecurityOptions[K] } = { systemPathsUnconfined: false };
  for (const option of options) {
    if (option === 'no-new-privileges') {
      found.noNewPrivileges = true;
      continue;
    }
    if (option === 'disable') continue;
    // `=` since 1.11; `:` is the older form.
    const cut = option.includes('=') ? option.indexOf('=') : option.indexOf(':');
    if (cut === -1) throw invalid(option);
    const value = option.slice(cut + 1);
    switch (option.slice(0, cut)) {
      case 'label': // SELinux: no host of ours has it yet.
        break;
      case 'apparmor':
        found.apparmor = value;
        break;
      case 'seccomp':
        found.seccomp = value;
        break;
      case 'no-new-privileges':
        if (value !== 'true' && value !== 'false') throw invalid(option);
        found.noNewPrivileges = value === 'true';
        break;
      case 'systempaths':
        if (value !== 'unconfined') throw invalid(option);
        found.systemPathsUnconfined = true;
        break;
      case 'writable-cgroups':
        break;
      default:
        throw invalid(option);
    }
  }
  return found;
}

function invalid(option: string): EngineError {
  return new EngineError('InvalidArgument', `invalid --security-opt 2: ${JSON.stringify(option)}`);
}
