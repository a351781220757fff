import { bootstrapDebian, type Image, type ImageProgress } from '../image/index.ts';
import { publishImageEvent } from './events/index.ts';
import type { House } from './house.ts';

export interface BootstrapImageRequest {
  /** `bookworm`; '' for the suite of this machine. */
  readonly suite: string;
  readonly include: readonly string[];
  /** '' for this machine's own sources. */
  readonly mirror: string;
  /** Name of the image; '' for `debian:<suite>` and `debian:latest`. */
  readonly name: string;
}

/** A real Debian base image out of the package mirror of the engine's machine. @throws {EngineError} as `bootstrapDebian`. */
export async function bootstrapImage(
  house: House,
  { suite, include, mirror, name }: BootstrapImageRequest,
  options: { readonly signal: AbortSignal; readonly progress?: (event: ImageProgress) => void },
): Promise<Image> {
  const request = {
    suite: suite === '' ? await suiteOfMachine() : suite,
    include,
    ...(mirror === '' ? {} : { mirror }),
    ...(name === '' ? {} : { names: [name] }),
  };
  const image = await bootstrapDebian(house, request, options);
  publishImageEvent(house.events, image.id, image.id, 'import', image.config.config?.Labels ?? {});
  return image;
}

async function suiteOfMachine(): Promise<string> {
  const file = Bun.file('/etc/os-release');
  const release = (await file.exists()) ? await file.text() : '';
  return (/^ID=debian$/m.test(release) ? /^VERSION_CODENAME=(\S+)$/m.exec(release)?.[1] : undefined) ?? 'bookworm';
}
