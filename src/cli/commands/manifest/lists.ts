import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { withDefaultTag } from '../../reference.ts';

/** A list that is being made. */
export interface ManifestList {
  readonly reference: string;
  readonly manifests: readonly ListedManifest[];
}

export interface ListedManifest {
  readonly reference: string;
  /** What the user says of it, over what its config says. */
  readonly platform: Readonly<Record<string, string>>;
}

/** Lists that are being made, a file for each in the client's folder. */
export class ManifestLists {
  readonly #folder: string;

  constructor(configFolder: string) {
    this.#folder = join(configFolder, 'berth-manifests');
  }

  find(reference: string): ManifestList | undefined {
    try {
      return JSON.parse(readFileSync(this.#path(reference), 'utf8')) as ManifestList;
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
      throw error;
    }
  }

  /** @throws when there is none. */
  get(reference: string): ManifestList {
    const found = this.find(reference);
    if (found === undefined) throw new Error(`No such manifest: ${withDefaultTag(reference)}`);
    return found;
  }

  save(list: ManifestList): void {
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
    writeFileSync(this.#path(list.reference), JSON.stringify(list, null, 2));
  }

  remove(reference: string): void {
    this.get(reference);
    rmSync(this.#path(reference));
  }

  #path(reference: string): string {
    return join(this.#folder, `${encodeURIComponent(withDefaultTag(reference))}.json`);
  }
}
