/** Which network namespace a container gets. Until the drivers are built, `default`, `bridge` and user networks are private with loopback only. */
export type NetworkNamespace =
  | { readonly kind: 'private' }
  | { readonly kind: 'host' }
  | { readonly kind: 'container'; readonly words: string }
  | { readonly kind: 'network'; readonly name: string };

/** What a `NetworkMode` means: '' and `default` are `bridge`. */
export function networkNamespace(mode: string): NetworkNamespace {
  if (mode === 'host') return { kind: 'host' };
  if (mode === 'none') return { kind: 'private' };
  if (mode.startsWith('container:')) return { kind: 'container', words: mode.slice('container:'.length) };
  return { kind: 'network', name: mode === '' || mode === 'default' ? 'bridge' : mode };
}
