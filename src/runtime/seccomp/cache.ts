import type { RuntimeSeccomp } from '../../spec/index.ts';
import { compileSeccomp, type CompiledSeccomp } from './compile.ts';

/** Compiled filters by what they say: most containers of an engine share one or two. Keeps the last `capacity` that were asked for. */
export class SeccompCache {
  readonly #filters = new Map<string, CompiledSeccomp>();
  readonly #seen = new WeakMap<RuntimeSeccomp, CompiledSeccomp>();
  readonly #capacity: number;
  readonly #native: string;

  constructor(options: { readonly capacity?: number; readonly native?: string } = {}) {
    this.#capacity = options.capacity ?? 64;
    this.#native = options.native ?? (process.arch === 'arm64' ? 'SCMP_ARCH_AARCH64' : 'SCMP_ARCH_X86_64');
  }

  /** @throws {EngineError} as `compileSeccomp`. */
  compile(seccomp: RuntimeSeccomp): CompiledSeccomp {
    // The same object again (the engine resolves the default profile once) costs no hash of its 20 kB.
    const same = this.#seen.get(seccomp);
    if (same !== undefined) return same;
    const key = new Bun.CryptoHasher('sha256').update(JSON.stringify(seccomp)).digest('hex');
    const compiled = this.#filters.get(key) ?? compileSeccomp(seccomp, this.#native);
    this.#filters.delete(key);
    this.#filters.set(key, compiled);
    if (this.#filters.size > this.#capacity) this.#filters.delete(this.#filters.keys().next().value ?? '');
    this.#seen.set(seccomp, compiled);
    return compiled;
  }
}
