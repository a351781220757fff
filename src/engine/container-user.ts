import { readTar } from '../archive/index.ts';
import { EngineError, isEngineError } from '../base/index.ts';
import { openContainerRoot, type ContainerRoot } from './container-root.ts';
import type { ContainerRecord } from './contract.ts';
import type { House } from './house.ts';
import type { Options } from './requests.ts';

// No real passwd is longer.
const limitBytes = 1024 * 1024;

/** The numbers of a container's `User` (`name`, `uid`, `name:group`, `uid:gid`), looked up in its own passwd and group. @throws {EngineError} NotFound. */
export async function lookUpUser(
  house: House,
  record: ContainerRecord,
  options: Options,
): Promise<{ readonly uid: number; readonly gid: number }> {
  await using root = await openContainerRoot(house, record);
  const [name = '', group] = record.config.User.split(':');
  const entry = /^\d+$/.test(name) && group !== undefined ? undefined : await lookUp(house, root, '/etc/passwd', name, options);
  if (entry === undefined && !/^\d+$/.test(name)) {
    throw new EngineError('NotFound', `unable to find user ${name}: no matching entries in passwd file`);
  }
  const uid = entry === undefined ? Number(name) : Number(entry[2]);
  if (group === undefined) return { uid, gid: entry === undefined ? 0 : Number(entry[3]) };
  if (/^\d+$/.test(group)) return { uid, gid: Number(group) };
  const found = await lookUp(house, root, '/etc/group', group, options);
  if (found === undefined) throw new EngineError('NotFound', `unable to find group ${group}: no matching entries in group file`);
  return { uid, gid: Number(found[2]) };
}

/** The fields of the line whose name or number is `wanted`. */
async function lookUp(
  house: House,
  root: ContainerRoot,
  path: string,
  wanted: string,
  options: Options,
): Promise<readonly string[] | undefined> {
  const lines = (await readText(house, root, path, options)).split('\n').map((line) => line.split(':'));
  return lines.find(([name]) => name === wanted) ?? lines.find(([, , number]) => number === wanted);
}

async function readText(house: House, root: ContainerRoot, path: string, options: Options): Promise<string> {
  try {
    for await (const entry of readTar(house.rootWorkers.tarPath(root.directory, path, options), options)) {
      return entry.header.type === 'file' ? new TextDecoder().decode(await entry.bytes(limitBytes)) : '';
    }
  } catch (error) {
    if (!isEngineError(error, 'NotFound')) throw error;
  }
  return '';
}
