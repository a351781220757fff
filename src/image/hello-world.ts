import { writeTar } from '../archive/index.ts';
import { isEngineError } from '../base/index.ts';
import { digestOf } from '../spec/index.ts';
import type { Image, ImageStore } from './contract.ts';

const name = 'hello-world:latest';
const markKey = 'hello-world';
const createdAt = new Date('2026-01-01T00:00:00Z');

/** The `hello-world` image of the program `binary` (static, of this machine): made when it is not there. The same program gives the same id. */
export async function ensureHelloWorld(store: ImageStore, binary: Uint8Array, options: { readonly signal: AbortSignal }): Promise<Image> {
  try {
    return store.resolve(name);
  } catch (error) {
    if (!isEngineError(error, 'NotFound')) throw error;
  }
  const mtimeSeconds = createdAt.getTime() / 1000;
  const tar = writeTar([{ header: { type: 'file', name: 'hello', mode: 0o755, mtimeSeconds }, body: binary }], options);
  const config = { Cmd: ['/hello'], Env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'], WorkingDir: '/' };
  const request = { reference: name, message: 'Embedded in berth', createdBy: 'COPY hello / # berth', config, createdAt };
  return store.importRoot(tar, request, options);
}

/** The same at start-up: once for each program, so an image that somebody removed stays removed. */
export async function seedHelloWorld(
  store: ImageStore & { mark(key: string): string | null; setMark(key: string, value: string): void },
  binary: Uint8Array,
  options: { readonly signal: AbortSignal },
): Promise<void> {
  const version = digestOf(binary);
  if (store.mark(markKey) === version) return;
  await ensureHelloWorld(store, binary, options);
  store.setMark(markKey, version);
}
