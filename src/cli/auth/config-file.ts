import { chmodSync, mkdirSync, readFileSync, realpathSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { messageOf } from '../../base/index.ts';

/** Who a registry knows, as `config.json` and credential helpers have it. */
export interface StoredCredentials {
  readonly username: string;
  readonly password: string;
  /** Kept instead of a password, where the registry gives one. */
  readonly identityToken: string;
}

type JsonObject = Record<string, unknown>;

/** The docker client's `config.json`: read whole, so that what this program does not know of survives a change. */
export class ConfigFile {
  readonly path: string;
  readonly #json: JsonObject;

  /** @throws when the file is there and no JSON object. */
  constructor(folder: string) {
    this.path = join(folder, 'config.json');
    this.#json = readObject(this.path);
  }

  /** The helper that keeps a registry's credentials; '' when the file itself does. */
  helperFor(server: string): string {
    const own = objectAt(this.#json, 'credHelpers')[server];
    const store = typeof own === 'string' ? own : this.#json['credsStore'];
    return typeof store === 'string' ? store : '';
  }

  /** Servers the file has credentials of. */
  servers(): readonly string[] {
    return Object.keys(objectAt(this.#json, 'auths'));
  }

  get(server: string): StoredCredentials | undefined {
    const auths = objectAt(this.#json, 'auths');
    // Older files name servers by URL.
    const key = Object.hasOwn(auths, server) ? server : Object.keys(auths).find((name) => hostOf(name) === hostOf(server));
    const entry = key === undefined ? undefined : auths[key];
    if (typeof entry !== 'object' || entry === null) return undefined;
    const { auth, identitytoken, username, password } = entry as JsonObject;
    const [name, secret] = typeof auth === 'string' && auth !== '' ? splitAuth(auth, this.path) : [textOf(username), textOf(password)];
    const found = { username: name, password: secret, identityToken: textOf(identitytoken) };
    return found.username === '' && found.identityToken === '' ? undefined : found;
  }

  set(server: string, { username, password, identityToken }: StoredCredentials): void {
    const auth = Buffer.from(`${username}:${identityToken === '' ? password : ''}`).toString('base64');
    this.#auths()[server] = { auth, ...(identityToken === '' ? {} : { identitytoken: identityToken }) };
  }

  /** Notes that a helper has the credentials of `server`. */
  note(server: string): void {
    this.#auths()[server] = {};
  }

  /** Whether there was anything to remove. */
  remove(server: string): boolean {
    const auths = this.#auths();
    const keys = Object.keys(auths).filter((name) => name === server || hostOf(name) === hostOf(server));
    for (const key of keys) delete auths[key];
    return keys.length > 0;
  }

  /** Writes the file whole or not at all; nobody else may read it. A link stays one. */
  save(): void {
    const target = realPath(this.path);
    mkdirSync(dirname(target), { recursive: true, mode: 0o700 });
    const temporary = `${target}.${process.pid}`;
    writeFileSync(temporary, `${JSON.stringify(this.#json, null, '\t')}`, { mode: 0o600 });
    chmodSync(temporary, 0o600);
    renameSync(temporary, target);
  }

  #auths(): JsonObject {
    const auths = objectAt(this.#json, 'auths');
    this.#json['auths'] = auths;
    return auths;
  }
}

/** `host:port` of a server as people and older files write it. */
export function hostOf(server: string): string {
  return server.replace(/^https?:\/\//, '').replace(/\/.*$/, '');
}

function splitAuth(auth: string, path: string): readonly [string, string] {
  const text = Buffer.from(auth, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  if (colon < 0) throw new Error(`Error loading config file: ${path}: invalid auth configuration file`);
  return [text.slice(0, colon), text.slice(colon + 1).replace(/\0+$/, '')];
}

function readObject(path: string): JsonObject {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return {};
    throw new Error(`Error loading config file: ${path}: ${messageOf(error)}`, { cause: error });
  }
  try {
    const parsed: unknown = text.trim() === '' ? {} : JSON.parse(text);
    if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) return parsed as JsonObject;
  } catch (error) {
    throw new Error(`Error loading config file: ${path}: ${messageOf(error)}`, { cause: error });
  }
  throw new Error(`Error loading config file: ${path}: it is not a JSON object`);
}

function objectAt(json: JsonObject, key: string): JsonObject {
  const value = json[key];
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : {};
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}
