import { EngineError } from '../base/index.ts';
import { publishContainerEvent } from './events/index.ts';
import type { House } from './house.ts';
import { parseContainerName } from './names.ts';
import type { Options } from './requests.ts';

/** Gives a container another name. @throws {EngineError} InvalidArgument; Conflict, when the name is in use. */
export async function renameContainer(house: House, words: string, newName: string, _options: Options): Promise<void> {
  const { id } = house.records.resolve(words);
  if (newName === '' || newName === '/') throw new EngineError('InvalidArgument', 'Neither old nor new names may be empty');
  const name = parseContainerName(newName);
  await house.locks.run(id, () => {
    const record = house.records.find(id);
    if (record === undefined) throw new EngineError('NotFound', `No such container: ${words}`);
    if (record.name === name) throw new EngineError('InvalidArgument', 'Renaming a container with the same name as its current name');
    const release = house.records.reserveName(name, id);
    try {
      const renamed = house.records.update(id, { name });
      publishContainerEvent(house.events, renamed, 'rename', { oldName: `/${record.name}` });
    } finally {
      release();
    }
  });
}
