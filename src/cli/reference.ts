/** Repository and tag of `repository[:tag]`, of the form the API takes: no tag is ''. @throws on malformed references. */
export function parseRepositoryTag(text: string): { readonly repository: string; readonly tag: string } {
  checkReference(text);
  const colon = text.lastIndexOf(':');
  if (text.includes('@') || colon <= text.lastIndexOf('/')) return { repository: text, tag: text.includes('@') ? '' : 'latest' };
  return { repository: text.slice(0, colon), tag: text.slice(colon + 1) };
}

/** @throws Docker's words when `text` is no image reference. */
export function checkReference(text: string): void {
  if (/^[0-9a-f]{64}$/.test(text)) {
    throw new Error(`invalid repository name (${text}), cannot specify 64-byte hexadecimal strings`);
  }
  const match = /^([^@]*?)(?::([\w][\w.-]{0,127}))?(?:@[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,})?$/.exec(text);
  const name = match?.[1] ?? '';
  const domain =
    '(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?(?:\\.[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)*|\\[[0-9a-fA-F:]+\\])(?::\\d+)?';
  const component = '[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*';
  if (new RegExp(`^(?:${domain}/)?${component}(?:/${component})*$`).test(name)) return;
  if (/[A-Z]/.test(name) && new RegExp(`^(?:${domain}/)?${component}(?:/${component})*$`).test(name.toLowerCase())) {
    throw new Error(`invalid reference format: repository name (${familiar(name)}) must be lowercase`);
  }
  throw new Error('invalid reference format');
}

// The path Docker shows in messages: without the registry, official images with their `library/`.
function familiar(name: string): string {
  const [first = '', ...rest] = name.split('/');
  if (rest.length === 0) return `library/${name}`;
  return /[.:]|^localhost$/.test(first) ? rest.join('/') : name;
}

/** The reference with `:latest` when it has neither tag nor digest, as messages show it. */
export function withDefaultTag(text: string): string {
  return text.includes('@') || text.lastIndexOf(':') > text.lastIndexOf('/') ? text : `${text}:latest`;
}

/** The full name Docker shows after a pull: with the registry, and `library/` for official images. */
export function canonicalName(image: string): string {
  const [first = ''] = image.split('/');
  if (!image.includes('/')) return `docker.io/library/${image}`;
  return /[.:]|^localhost$/.test(first) ? image : `docker.io/${image}`;
}
