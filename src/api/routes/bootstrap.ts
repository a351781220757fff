import { bootstrapImage } from '../../engine/index.ts';
import { jsonLines } from '../answers.ts';
import type { Call } from '../call.ts';
import type { HttpAnswer } from '../http/index.ts';
import { Mailbox } from '../mailbox.ts';
import type { Route } from '../router.ts';

/** berth's own: `POST /berth/v1/images/bootstrap?suite=&include=&mirror=&name=` makes a base image; progress as JSON lines, the image's id at the end. */
export const bootstrapRoutes: readonly Route[] = [{ method: 'POST', pattern: '/berth/v1/images/bootstrap', handler: bootstrap }];

function bootstrap({ house, query, signal }: Call): HttpAnswer {
  const lines = new Mailbox<unknown>();
  const request = {
    suite: query.text('suite'),
    include: query
      .all('include')
      .flatMap((names) => names.split(','))
      .filter((name) => name !== ''),
    mirror: query.text('mirror'),
    name: query.text('name'),
  };
  const work = async () => {
    const image = await bootstrapImage(house, request, {
      signal,
      progress: (event) => {
        if (event.kind === 'status') lines.post({ stream: `${event.message}\n` });
      },
    });
    for (const name of image.repoTags) lines.post({ stream: `${name}\n` });
    lines.post({ stream: `${image.id}\n`, aux: { ID: image.id } });
  };
  lines.closeAfter(work());
  return jsonLines(lines);
}
