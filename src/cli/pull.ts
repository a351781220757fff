import { registryAuth } from './auth/credentials.ts';
import type { Call } from './command.ts';
import type { CliOutput } from './io.ts';
import { showProgress } from './progress.ts';

/** Pulls `image`, a reference (without a tag or digest: all tags), showing progress on `to` unless `quiet`. */
export async function pullImage(
  { client, configFolder }: Call,
  image: string,
  options: { readonly platform: string; readonly quiet: boolean; readonly to: CliOutput },
): Promise<void> {
  const at = image.indexOf('@');
  const colon = image.lastIndexOf(':');
  const tagged = colon > image.lastIndexOf('/');
  const [name, tag] =
    at === -1 ? (tagged ? [image.slice(0, colon), image.slice(colon + 1)] : [image, undefined]) : [image.slice(0, at), image.slice(at + 1)];
  const query = { fromImage: name, tag, platform: options.platform || undefined };
  const response = await client.request('POST', '/images/create', {
    query,
    headers: { 'X-Registry-Auth': await registryAuth(configFolder, name) },
  });
  const quiet: CliOutput = { isTerminal: false, size: () => undefined, write: async () => undefined };
  await showProgress(response, options.quiet ? quiet : options.to);
}
