import { open, unlink } from 'node:fs/promises';

/** Waits until the file's bytes are on the disk. */
export async function syncFile(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.datasync();
  } finally {
    await handle.close();
  }
}

/**
 * Makes renames inside one directory durable. Callers that come while a sync runs share the next one, so a hundred small blobs cost a few.
 */
export class DirectorySync {
  readonly #path: string;
  #running: Promise<void> | null = null;
  #next: Promise<void> | null = null;

  constructor(path: string) {
    this.#path = path;
  }

  /** Resolves when every rename done before the call is on the disk. */
  async wait(): Promise<void> {
    if (this.#running === null) {
      this.#running = this.#sync();
      return this.#running;
    }
    this.#next ??= this.#afterRunning(this.#running);
    return this.#next;
  }

  async #afterRunning(running: Promise<void>): Promise<void> {
    await running.catch(() => undefined);
    this.#next = null;
    this.#running = this.#sync();
    return this.#running;
  }

  async #sync(): Promise<void> {
    try {
      const handle = await open(this.#path, 'r');
      try {
        await handle.sync();
      } finally {
        await handle.close();
      }
    } finally {
      this.#running = null;
    }
  }
}

/** Deletes a file that may be gone already. */
export async function unlinkQuietly(path: string): Promise<void> {
  await unlink(path).catch((error: unknown) => {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
  });
}
