import { EngineError } from '../base/index.ts';

/** What an image runs on. OCI image-spec v1.1.1, image-index.md; names are Go's (`linux`, `amd64`, `arm64`). */
export interface Platform {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string;
  readonly 'os.version'?: string;
  readonly 'os.features'?: readonly string[];
}

const architectures: Readonly<Record<string, string>> = {
  x86_64: 'amd64',
  'x86-64': 'amd64',
  x64: 'amd64',
  aarch64: 'arm64',
  armhf: 'arm',
  armel: 'arm',
  i386: '386',
  i686: '386',
  ia32: '386',
};
const operatingSystems: ReadonlySet<string> = new Set([
  'aix',
  'android',
  'darwin',
  'dragonfly',
  'freebsd',
  'illumos',
  'ios',
  'js',
  'linux',
  'netbsd',
  'openbsd',
  'plan9',
  'solaris',
  'windows',
]);

/**
 * The platform that `linux/arm64/v8`, `arm64` or `linux` says; what is left out is this machine's (containerd platforms, `Parse`).
 * @throws {EngineError} InvalidArgument.
 */
export function parsePlatform(text: string, host: Platform = hostPlatform()): Platform {
  const parts = text.toLowerCase().split('/');
  if (parts.length > 3 || parts.some((part) => !/^[a-z0-9_.-]+$/.test(part)))
    throw new EngineError('InvalidArgument', `${JSON.stringify(text)}: must be a platform specifier like linux/amd64: invalid argument`);
  const [first = '', second, third] = parts;
  if (second !== undefined) return platform(first === 'macos' ? 'darwin' : first, second, third);
  if (operatingSystems.has(first) || first === 'macos') return platform(first === 'macos' ? 'darwin' : first, host.architecture, undefined);
  return platform('linux', first, undefined);
}

/** `linux/arm64/v8`. */
export function formatPlatform({ os, architecture, variant }: Platform): string {
  return variant === undefined || variant === '' ? `${os}/${architecture}` : `${os}/${architecture}/${variant}`;
}

/** This machine's. */
export function hostPlatform(): Platform {
  const architecture = architectures[process.arch] ?? process.arch;
  return { os: 'linux', architecture, ...(architecture === 'arm' ? { variant: 'v7' } : {}) };
}

/**
 * How well something made for `offered` serves who wants `wanted`: 0 not at all, more is better. An arm machine runs lower variants; a
 * variant nobody named fits any.
 */
export function platformFit(wanted: Platform, offered: Platform): number {
  if (wanted.os !== offered.os || wanted.architecture !== offered.architecture) return 0;
  const want = variantNumber(wanted);
  const have = variantNumber(offered);
  if (want === have) return 100;
  if (wanted.architecture === 'arm' || wanted.architecture === 'amd64')
    return have < want ? 50 + have : wanted.variant === undefined ? 10 : 0;
  return wanted.variant === undefined || offered.variant === undefined ? 50 : 0;
}

function variantNumber({ architecture, variant }: Platform): number {
  const fallback = architecture === 'arm' ? 7 : architecture === 'arm64' ? 8 : 1;
  return variant === undefined || variant === '' ? fallback : Number(variant.replace(/^v/, '')) || fallback;
}

function platform(os: string, name: string, variant: string | undefined): Platform {
  const architecture = architectures[name] ?? name;
  const known = variant ?? (name === 'armhf' ? 'v7' : name === 'armel' ? 'v6' : architecture === 'arm' ? 'v7' : undefined);
  const plain = known === undefined || (architecture === 'arm64' && known === 'v8') || (architecture === 'amd64' && known === 'v1');
  return plain ? { os, architecture } : { os, architecture, variant: known };
}
