import { ConfigFile, hostOf, type StoredCredentials } from './config-file.ts';
import { CredentialHelper } from './helper.ts';

/** How `config.json` calls Docker Hub. */
export const hubServer = 'https://index.docker.io/v1/';

/** The server that keeps `image`, as `config.json` calls it. */
export function serverOf(image: string): string {
  const [first = ''] = image.split('/');
  const named = image.includes('/') && (/[.:]/.test(first) || first === 'localhost');
  return named && first !== 'docker.io' && first !== 'index.docker.io' ? first : hubServer;
}

/** What the user typed to log in to, as `config.json` calls it. */
export function serverNamed(text: string): string {
  const host = hostOf(text);
  return ['', 'docker.io', 'index.docker.io', 'registry-1.docker.io'].includes(host) ? hubServer : host;
}

/** A registry's credentials: from its helper, or the file. */
export async function findCredentials(folder: string, server: string): Promise<StoredCredentials | undefined> {
  const file = new ConfigFile(folder);
  const helper = file.helperFor(server);
  return helper === '' ? file.get(server) : new CredentialHelper(helper).get(server);
}

/** Keeps credentials. Says whether they are in the file, as they are. */
export async function storeCredentials(
  folder: string,
  server: string,
  credentials: StoredCredentials,
): Promise<{ readonly plain: string | null }> {
  const file = new ConfigFile(folder);
  const helper = file.helperFor(server);
  if (helper === '') file.set(server, credentials);
  else {
    await new CredentialHelper(helper).store(server, credentials);
    file.note(server);
  }
  file.save();
  return { plain: helper === '' ? file.path : null };
}

/** Whether there was anything to forget. */
export async function eraseCredentials(folder: string, server: string): Promise<boolean> {
  const file = new ConfigFile(folder);
  const helper = file.helperFor(server);
  const removed = file.remove(server);
  if (helper !== '') await new CredentialHelper(helper).erase(server);
  if (removed) file.save();
  return removed;
}

/** The X-Registry-Auth header for `image`: JSON in URL-safe base64, `{}` when nobody logged in. */
export async function registryAuth(folder: string, image: string): Promise<string> {
  const server = serverOf(image);
  const found = await findCredentials(folder, server);
  if (found === undefined) return 'e30=';
  const { username, password, identityToken } = found;
  const fields = { username, password, serveraddress: server, ...(identityToken === '' ? {} : { identitytoken: identityToken }) };
  return Buffer.from(JSON.stringify(fields)).toString('base64').replaceAll('+', '-').replaceAll('/', '_');
}
