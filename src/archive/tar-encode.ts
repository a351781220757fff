import type { TarHeaderToWrite } from './tar-header.ts';

/** The header blocks of one entry: ustar where it fits, a pax header before it where it does not. The body and `tarPadding` follow. */
export function encodeTarHeader(_header: TarHeaderToWrite): Uint8Array<ArrayBuffer> {
  throw new Error('not written yet');
}

/** The zeros after a body of `size` bytes. */
export function tarPadding(_size: number): Uint8Array<ArrayBuffer> {
  throw new Error('not written yet');
}

/** The two zero blocks at the end. */
export function tarTrailer(): Uint8Array<ArrayBuffer> {
  return new Uint8Array(1024);
}
