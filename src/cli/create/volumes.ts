/** What `--volume` means: binds of a source, and targets of anonymous volumes. @throws with the docker CLI's words. */
export function parseVolumes(specs: readonly string[]): { readonly binds: string[]; readonly anonymous: Record<string, object> } {
  const binds: string[] = [];
  const anonymous: Record<string, object> = {};
  for (const spec of specs) {
    const source = sourceOf(spec);
    if (source === undefined) anonymous[spec] = {};
    else binds.push(source.startsWith('.') ? absolute(source) + spec.slice(source.length) : spec);
  }
  return { binds, anonymous };
}

// The part before the first colon, unless that is a drive letter of Windows; undefined when there is only a target.
function sourceOf(spec: string): string | undefined {
  if (spec === '') throw new Error('invalid empty volume spec');
  if (spec.length <= 2) return undefined;
  const sections = sectionsOf(spec);
  if (sections.includes('')) throw new Error(`invalid spec: ${spec}: empty section between colons`);
  if (sections.length > 3) throw new Error(`invalid spec: ${spec}: too many colons`);
  return sections.length === 1 ? undefined : sections[0];
}

function sectionsOf(spec: string): string[] {
  const sections: string[] = [];
  let section = '';
  for (const character of spec) {
    if (character === ':' && !/^\p{L}$/u.test(section)) {
      sections.push(section);
      section = '';
    } else section += character;
  }
  return [...sections, section];
}

// What `node:path` resolves, without loading it.
function absolute(path: string): string {
  const parts: string[] = [];
  for (const part of `${process.cwd()}/${path}`.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return `/${parts.join('/')}`;
}
