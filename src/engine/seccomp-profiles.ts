import { EngineError } from '../base/index.ts';
import { defaultSeccompProfile, parseSeccompProfile, resolveSeccomp, type SeccompProfile } from '../runtime/index.ts';
import type { RuntimeSeccomp } from '../spec/index.ts';
import type { HostFacts } from './host-facts.ts';

/** Profiles made fit for a container's capabilities. The built-in one is kept for each set of them: nearly all containers share one. */
export class SeccompProfiles {
  readonly #host: HostFacts;
  readonly #profile: SeccompProfile;
  readonly #byCapabilities = new Map<string, RuntimeSeccomp>();

  /** `profile`: the engine's own as JSON, in place of the built-in one. @throws {EngineError} InvalidArgument. */
  constructor(host: HostFacts, profile?: string) {
    this.#host = host;
    this.#profile = profile === undefined ? defaultSeccompProfile() : parseSeccompProfile(profile);
  }

  /** `option`: what follows `seccomp=`, or undefined. Undefined: unconfined. @throws {EngineError} InvalidArgument. */
  resolve(option: string | undefined, capabilities: readonly string[]): RuntimeSeccomp | undefined {
    if (option === 'unconfined') return undefined;
    const situation = { capabilities, architecture: this.#architecture(), kernel: this.#host.kernelVersion };
    if (option !== undefined && option !== 'builtin') return resolveSeccomp(parseSeccompProfile(option), situation);
    const key = capabilities.join();
    const resolved = this.#byCapabilities.get(key) ?? resolveSeccomp(this.#profile, situation);
    this.#byCapabilities.set(key, resolved);
    return resolved;
  }

  #architecture(): 'amd64' | 'arm64' {
    const { architecture } = this.#host;
    if (architecture === 'amd64' || architecture === 'arm64') return architecture;
    throw new EngineError('NotImplemented', `seccomp filters are not made for ${architecture}; use --security-opt seccomp=unconfined`);
  }
}
