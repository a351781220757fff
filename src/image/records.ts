import type { Database } from 'bun:sqlite';
import {
  chainId,
  formatFamiliar,
  formatReference,
  parseDigest,
  parseReference,
  type Descriptor,
  type Digest,
  type ImageConfig,
  type Reference,
} from '../spec/index.ts';
import type { Image } from './contract.ts';

/** What a new image's row says. */
export interface ImageRow {
  readonly id: Digest;
  readonly manifest: Digest | null;
  readonly config: ImageConfig;
  /** Bytes of all layers, unpacked. */
  readonly size: number;
  readonly parent: Digest | null;
  /** The layers' blobs, bottom first; empty where none were made yet. */
  readonly blobs: readonly Descriptor[];
}

interface StoredRow {
  readonly id: string;
  readonly manifest: string | null;
  readonly config: string;
  readonly size: number;
  readonly parent: string | null;
  readonly tagged_at: number | null;
}

interface Entry {
  readonly row: Omit<ImageRow, 'blobs'>;
  readonly chains: readonly Digest[];
  taggedAt: Date | null;
  image: Image;
}

const schema = `
  CREATE TABLE IF NOT EXISTS image_images (
    id TEXT PRIMARY KEY, manifest TEXT, config TEXT NOT NULL, size INTEGER NOT NULL, parent TEXT, tagged_at INTEGER) STRICT;
  CREATE TABLE IF NOT EXISTS image_names (name TEXT PRIMARY KEY, id TEXT NOT NULL REFERENCES image_images) STRICT;
  CREATE TABLE IF NOT EXISTS image_blobs (id TEXT NOT NULL, digest TEXT NOT NULL, PRIMARY KEY (id, digest)) STRICT;
  CREATE TABLE IF NOT EXISTS image_layers (
    diff_id TEXT NOT NULL, digest TEXT NOT NULL, media_type TEXT NOT NULL, size INTEGER NOT NULL, PRIMARY KEY (diff_id, digest)) STRICT;
  CREATE TABLE IF NOT EXISTS image_marks (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
`;

/** The rows of names and images, each change one transaction, with everything readers ask for kept in memory. */
export class ImageRecords {
  readonly #database: Database;
  readonly #entries = new Map<Digest, Entry>();
  readonly #names = new Map<string, { readonly reference: Reference; readonly id: Digest }>();
  #sorted: readonly Image[] | null = null;

  constructor(database: Database) {
    this.#database = database;
    database.run(schema);
    for (const row of database.query<StoredRow, []>('SELECT id, manifest, config, size, parent, tagged_at FROM image_images').all())
      this.#remember(fromStored(row), row.tagged_at === null ? null : new Date(row.tagged_at));
    for (const { name, id } of database.query<{ name: string; id: string }, []>('SELECT name, id FROM image_names').all())
      this.#names.set(name, { reference: parseReference(name), id: parseDigest(id) });
    for (const id of this.#entries.keys()) this.#refresh(id);
  }

  /** Every image, newest first. */
  list(): readonly Image[] {
    this.#sorted ??= [...this.#entries.values()]
      .map((entry) => entry.image)
      .toSorted((a, b) => b.createdAt.getTime() - a.createdAt.getTime() || (a.id < b.id ? -1 : 1));
    return this.#sorted;
  }

  get(id: Digest): Image | undefined {
    return this.#entries.get(id)?.image;
  }

  ids(): IterableIterator<Digest> {
    return this.#entries.keys();
  }

  /** The image a full reference (with tag or digest) names. */
  named(reference: Reference): Digest | undefined {
    return this.#names.get(formatReference(reference))?.id;
  }

  /** All names of an image, sorted. */
  namesOf(id: Digest): readonly Reference[] {
    return [...this.#names.values()]
      .filter((name) => name.id === id)
      .map((name) => name.reference)
      .toSorted(byText);
  }

  /** All names of one repository, sorted. */
  namesIn({ domain, path }: Reference): ReadonlyArray<{ readonly reference: Reference; readonly id: Digest }> {
    const inside = [...this.#names.values()].filter(({ reference }) => reference.domain === domain && reference.path === path);
    return inside.toSorted((a, b) => byText(a.reference, b.reference));
  }

  /** Chain IDs of an image's layers, bottom first. */
  chainsOf(id: Digest): readonly Digest[] {
    return this.#entries.get(id)?.chains ?? [];
  }

  parentOf(id: Digest): Digest | null {
    return this.#entries.get(id)?.row.parent ?? null;
  }

  childrenOf(id: Digest): readonly Digest[] {
    return [...this.#entries.values()].filter((entry) => entry.row.parent === id).map((entry) => entry.row.id);
  }

  /** Blobs an image keeps alive: config, manifest, layers. */
  blobsOf(id: Digest): readonly Digest[] {
    const rows = this.#database.query<{ digest: string }, [string]>('SELECT digest FROM image_blobs WHERE id = ?').all(id);
    return rows.map((row) => parseDigest(row.digest));
  }

  /** Blobs that were seen to unpack to this layer. */
  layerBlobs(diffId: Digest): readonly Descriptor[] {
    const rows = this.#database
      .query<{ digest: string; media_type: string; size: number }, [string]>(
        'SELECT digest, media_type, size FROM image_layers WHERE diff_id = ? ORDER BY digest',
      )
      .all(diffId);
    return rows.map((row) => ({ mediaType: row.media_type, digest: parseDigest(row.digest), size: row.size }));
  }

  /** Whether this blob was seen to unpack to this layer. */
  isLayerBlob(diffId: Digest, digest: Digest): boolean {
    return this.#database.query('SELECT 1 FROM image_layers WHERE diff_id = ? AND digest = ?').get(diffId, digest) !== null;
  }

  /** Adds an image, or what is new about one that is there, and gives it names, which leave whoever had them. */
  add(row: ImageRow, names: readonly Reference[], now: Date): Image {
    const known = this.#entries.get(row.id);
    const taggedAt = names.length > 0 ? now : (known?.taggedAt ?? null);
    const manifest = row.manifest ?? known?.row.manifest ?? null;
    const parent = row.parent ?? known?.row.parent ?? null;
    const moved = new Set<Digest>();
    this.#database.transaction(() => {
      this.#database
        .query('INSERT OR REPLACE INTO image_images (id, manifest, config, size, parent, tagged_at) VALUES (?, ?, ?, ?, ?, ?)')
        .run(row.id, manifest, JSON.stringify(row.config), row.size, parent, taggedAt?.getTime() ?? null);
      this.#writeBlobs(row);
      for (const name of names) this.#writeName(name, row.id);
    })();
    this.#remember({ ...row, manifest, parent }, taggedAt);
    for (const name of names) moved.add(this.#setName(name, row.id));
    for (const id of [...moved, row.id]) this.#refresh(id);
    return this.#entries.get(row.id)!.image;
  }

  /** Gives `id` a name; another image that had it loses it. */
  setName(reference: Reference, id: Digest, now: Date): void {
    this.#database.transaction(() => {
      this.#writeName(reference, id);
      this.#database.query('UPDATE image_images SET tagged_at = ? WHERE id = ?').run(now.getTime(), id);
    })();
    const entry = this.#entries.get(id);
    if (entry !== undefined) entry.taggedAt = now;
    const before = this.#setName(reference, id);
    this.#refresh(before);
    this.#refresh(id);
  }

  removeName(reference: Reference): void {
    const name = formatReference(reference);
    this.#database.query('DELETE FROM image_names WHERE name = ?').run(name);
    const id = this.#names.get(name)?.id;
    this.#names.delete(name);
    if (id !== undefined) this.#refresh(id);
  }

  /** Removes an image and its names. */
  remove(id: Digest): void {
    this.#database.transaction(() => {
      this.#database.query('DELETE FROM image_names WHERE id = ?').run(id);
      this.#database.query('DELETE FROM image_blobs WHERE id = ?').run(id);
      this.#database.query('DELETE FROM image_images WHERE id = ?').run(id);
    })();
    for (const name of this.namesOf(id)) this.#names.delete(formatReference(name));
    this.#entries.delete(id);
    this.#sorted = null;
  }

  /** Forgets that these blobs are layers. */
  forgetBlobs(digests: readonly Digest[]): void {
    this.#database.transaction(() => {
      for (const digest of digests) this.#database.query('DELETE FROM image_layers WHERE digest = ?').run(digest);
    })();
  }

  mark(key: string): string | null {
    return this.#database.query<{ value: string }, [string]>('SELECT value FROM image_marks WHERE key = ?').get(key)?.value ?? null;
  }

  setMark(key: string, value: string): void {
    this.#database.query('INSERT OR REPLACE INTO image_marks (key, value) VALUES (?, ?)').run(key, value);
  }

  #writeBlobs({ id, manifest, config, blobs }: ImageRow): void {
    const insert = this.#database.query('INSERT OR IGNORE INTO image_blobs (id, digest) VALUES (?, ?)');
    for (const digest of [id, ...(manifest === null ? [] : [manifest]), ...blobs.map((blob) => blob.digest)]) insert.run(id, digest);
    const layer = this.#database.query('INSERT OR IGNORE INTO image_layers (diff_id, digest, media_type, size) VALUES (?, ?, ?, ?)');
    for (const [index, blob] of blobs.entries()) {
      const diffId = config.rootfs.diff_ids[index];
      if (diffId !== undefined) layer.run(diffId, blob.digest, blob.mediaType, blob.size);
    }
  }

  #writeName(reference: Reference, id: Digest): void {
    this.#database.query('INSERT OR REPLACE INTO image_names (name, id) VALUES (?, ?)').run(formatReference(reference), id);
  }

  // Returns who had the name before.
  #setName(reference: Reference, id: Digest): Digest {
    const name = formatReference(reference);
    const before = this.#names.get(name)?.id ?? id;
    this.#names.set(name, { reference, id });
    return before;
  }

  #remember(row: Omit<ImageRow, 'blobs'>, taggedAt: Date | null): void {
    const chains: Digest[] = [];
    for (const diffId of row.config.rootfs.diff_ids) chains.push(chainId(chains.at(-1) ?? null, diffId));
    this.#entries.set(row.id, { row, chains, taggedAt, image: toImage(row, chains, taggedAt, []) });
    this.#sorted = null;
  }

  #refresh(id: Digest): void {
    const entry = this.#entries.get(id);
    if (entry === undefined) return;
    entry.image = toImage(entry.row, entry.chains, entry.taggedAt, this.namesOf(id));
    this.#sorted = null;
  }
}

function toImage(row: Omit<ImageRow, 'blobs'>, chains: readonly Digest[], taggedAt: Date | null, names: readonly Reference[]): Image {
  const created = new Date(row.config.created ?? 0);
  return {
    id: row.id,
    manifest: row.manifest,
    config: row.config,
    chainId: chains.at(-1) ?? null,
    size: row.size,
    createdAt: Number.isNaN(created.getTime()) ? new Date(0) : created,
    taggedAt,
    repoTags: names.filter((name) => name.digest === undefined).map(formatFamiliar),
    repoDigests: names.filter((name) => name.digest !== undefined).map(formatFamiliar),
  };
}

function fromStored(row: StoredRow): Omit<ImageRow, 'blobs'> {
  return {
    id: parseDigest(row.id),
    manifest: row.manifest === null ? null : parseDigest(row.manifest),
    config: JSON.parse(row.config) as ImageConfig,
    size: row.size,
    parent: row.parent === null ? null : parseDigest(row.parent),
  };
}

function byText(a: Reference, b: Reference): number {
  const [left, right] = [formatReference(a), formatReference(b)];
  return left < right ? -1 : left > right ? 1 : 0;
}
