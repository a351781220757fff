/** The patterns of a `.dockerignore` file. */
export class DockerIgnore {
  constructor(_text: string) {
    throw new Error('not written yet');
  }

  /** Whether `path` (slash separated, relative to the context) is left out. */
  ignores(_path: string): boolean {
    return false;
  }
}
