/** What an image runs on. OCI image-spec v1.1.1, image-index.md; names are Go's (`linux`, `amd64`, `arm64`). */
export interface Platform {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string;
  readonly 'os.version'?: string;
  readonly 'os.features'?: readonly string[];
}
