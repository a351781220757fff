import { messageOf } from '../../base/index.ts';
import { readText } from '../transfer.ts';

export interface SecurityOptions {
  readonly options: string[] | null;
  /** null leaves the engine's lists, `systempaths=unconfined` makes them empty. */
  readonly maskedPaths: string[] | null;
  readonly readonlyPaths: string[] | null;
}

/** What `--security-opt` means; a seccomp profile is read and sent whole. @throws with the docker CLI's words. */
export async function parseSecurityOptions(texts: readonly string[]): Promise<SecurityOptions> {
  const options: string[] = [];
  let unconfined = false;
  for (const text of texts) {
    if (text === 'systempaths=unconfined') unconfined = true;
    else options.push(await parseOne(text));
  }
  const paths = unconfined ? [] : null;
  return { options: options.length === 0 ? null : options, maskedPaths: paths, readonlyPaths: paths };
}

async function parseOne(text: string): Promise<string> {
  const separator = text.includes('=') ? '=' : ':';
  const at = text.indexOf(separator);
  if (at === -1 && text !== 'no-new-privileges') throw new Error(`Invalid --security-opt: ${JSON.stringify(text)}`);
  const name = text.slice(0, at === -1 ? undefined : at);
  const value = text.slice(at + 1);
  if (name !== 'seccomp' || ['unconfined', 'builtin'].includes(value)) return text;
  let profile: string;
  try {
    profile = await readText(value);
  } catch (error) {
    throw new Error(`opening seccomp profile (${value}) failed: ${messageOf(error)}`, { cause: error });
  }
  try {
    return `seccomp=${JSON.stringify(JSON.parse(profile))}`;
  } catch (error) {
    throw new Error(`compacting json for seccomp profile (${value}) failed: ${messageOf(error)}`, { cause: error });
  }
}
