import { isClientError } from '../../client/index.ts';
import type { Call } from '../command.ts';
import { pullImage } from '../pull.ts';
import { checkReference, withDefaultTag } from '../reference.ts';
import type { CreateBody } from './body.ts';

/** Makes a container, pulling the image when `--pull` says so; shows warnings and writes the `--cidfile`. Gives the id. */
export async function createContainer(call: Call, body: CreateBody): Promise<string> {
  const { client, flags, io } = call;
  const pull = flags.string('pull');
  if (!['always', 'missing', 'never'].includes(pull)) {
    throw new Error(`invalid pull option: '${pull}': must be one of "always", "missing" or "never"`);
  }
  if (!/^(sha256:)?[0-9a-f]{64}$/.test(body.Image)) checkReference(body.Image);
  const idFile = flags.string('cidfile');
  if (idFile !== '') await claimIdFile(idFile);
  const query = { name: flags.string('name') || undefined, platform: flags.string('platform') || undefined };
  const create = () =>
    client.json<{ readonly Id: string; readonly Warnings?: readonly string[] | null }>('POST', '/containers/create', { query, body });
  try {
    if (pull === 'always') await pullFor(call, body.Image);
    const { Id, Warnings } = await create().catch(async (error: unknown) => {
      if (pull !== 'missing' || !isClientError(error, 404) || !isMissingImage(error.message)) throw error;
      await io.stderr.write(`Unable to find image '${withDefaultTag(body.Image)}' locally\n`);
      await pullFor(call, body.Image);
      return await create();
    });
    for (const warning of Warnings ?? []) await io.stderr.write(`WARNING: ${warning}\n`);
    if (idFile !== '') await Bun.write(idFile, Id);
    return Id;
  } catch (error) {
    if (idFile !== '') await Bun.file(idFile).delete();
    throw error;
  }
}

async function pullFor(call: Call, image: string): Promise<void> {
  await pullImage(call, withDefaultTag(image), {
    platform: call.flags.string('platform'),
    quiet: call.flags.bool('quiet'),
    to: call.io.stderr,
  });
}

function isMissingImage(message: string): boolean {
  return /no such image/i.test(message);
}

async function claimIdFile(path: string): Promise<void> {
  if (await Bun.file(path).exists())
    throw new Error(`container ID file found, make sure the other container isn't running or delete ${path}`);
  await Bun.write(path, '');
}
