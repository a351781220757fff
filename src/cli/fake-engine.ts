import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A request an engine got. */
export interface Asked {
  readonly method: string;
  /** Without `/vX.Y`. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly body: string;
}

/** An engine for tests that answers as `answer` says and keeps what it was asked. */
export interface FakeEngine extends AsyncDisposable {
  readonly host: string;
  readonly asked: Asked[];
}

/** Listens on a socket of its own. Pings are answered with API version 1.50, what `answer` gives nothing for with 404. */
export function fakeEngine(answer: (asked: Asked) => Response | undefined): FakeEngine {
  const folder = mkdtempSync(join(tmpdir(), 'berth-fake-'));
  const path = join(folder, 's.sock');
  const asked: Asked[] = [];
  const server = Bun.serve({
    unix: path,
    async fetch(request) {
      const url = new URL(request.url);
      if (url.pathname.endsWith('/_ping')) return new Response(null, { headers: { 'Api-Version': '1.50', Ostype: 'linux' } });
      const each = {
        method: request.method,
        path: url.pathname.replace(/^\/v[\d.]+/, ''),
        query: url.searchParams,
        body: await request.text(),
      };
      asked.push(each);
      return answer(each) ?? Response.json({ message: 'page not found' }, { status: 404 });
    },
  });
  return {
    host: `unix://${path}`,
    asked,
    async [Symbol.asyncDispose]() {
      await server.stop(true);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
