import { isClientError } from '../../client/index.ts';
import type { Call, Command } from '../command.ts';
import { inspectEach } from '../inspect.ts';
import { formatFlag } from '../shared-flags.ts';

export const command: Command = {
  usage: '[OPTIONS] NAME|ID [NAME|ID...]',
  summary: 'Show everything about containers, images and other objects',
  arguments: { minimum: 1 },
  flags: [
    { ...formatFlag, short: 'f' },
    { name: 'size', short: 's', kind: 'bool', usage: 'Show sizes, of containers' },
    { name: 'type', kind: 'string', usage: 'Look only at objects of this type' },
  ],
  async run(call) {
    const type = call.flags.string('type');
    if (call.flags.has('type') && !types.includes(type)) {
      const known = types.map((each) => JSON.stringify(each)).join(', ');
      throw new Error(
        type === '' ? `type is empty: must be one of ${known}` : `unknown type: ${JSON.stringify(type)}: must be one of ${known}`,
      );
    }
    return await inspectEach(call, (name) => findObject(call, name, type));
  },
};

const types = ['config', 'container', 'image', 'network', 'node', 'plugin', 'secret', 'service', 'task', 'volume'];
const searched: ReadonlyArray<readonly [type: string, path: (name: string) => string]> = [
  ['container', (name) => `/containers/${name}/json`],
  ['image', (name) => `/images/${name}/json`],
  ['network', (name) => `/networks/${name}`],
  ['volume', (name) => `/volumes/${name}`],
];

async function findObject({ client, flags }: Call, name: string, type: string): Promise<string> {
  const places = type === '' ? searched : searched.filter(([each]) => each === type);
  for (const [place, path] of places) {
    try {
      const query = place === 'container' && flags.bool('size') ? { size: 1 } : {};
      return await (await client.request('GET', path(encodeURIComponent(name)), { query })).text();
    } catch (error) {
      // Without a type one object after the other is tried, and an engine without a kind of object has none of it.
      if (type !== '' || !(isClientError(error, 404) || isClientError(error, 501))) throw error;
    }
  }
  throw new Error(`Error: No such object: ${name}`);
}
