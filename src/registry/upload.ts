import { EngineError } from '../base/index.ts';
import type { Descriptor } from '../spec/index.ts';
import type { PushBlobOptions, PushOutcome, RegistryTiming } from './contract.ts';
import { pause } from './pause.ts';
import { drop } from './read-capped.ts';
import { ConnectionError, RegistryError } from './registry-error.ts';
import type { Session } from './session.ts';

export interface Upload {
  readonly session: Session;
  readonly timing: RegistryTiming;
  /** `/v2/<name>`. */
  readonly base: string;
  readonly descriptor: Descriptor;
  readonly open: (offset: number) => Promise<ReadableStream<Uint8Array>>;
  readonly options: PushBlobOptions;
}

/**
 * Brings a blob into a repository (distribution-spec 1.1, "Pushing blobs"): mounted from another repository where possible, else as one
 * streamed chunk; a broken upload goes on from where the registry says it is. The registry verifies the digest.
 */
export async function uploadBlob(upload: Upload): Promise<PushOutcome> {
  const started = await startUpload(upload);
  if (started === null) return 'mounted';
  const { session, timing, descriptor, options } = upload;
  let location = started;
  let offset = 0;
  for (let failures = 0; ;) {
    try {
      location = await sendFrom(upload, location, offset);
      break;
    } catch (error) {
      options.signal.throwIfAborted();
      const wait = timing.pausesMs[failures++];
      if (wait === undefined || !isPassing(error)) throw error;
      await pause(wait, options.signal);
      ({ location, offset } = await whereIs(upload, location));
    }
  }
  const done = new URL(location, session.origin);
  done.searchParams.set('digest', descriptor.digest);
  const headers = { 'Content-Type': 'application/octet-stream', 'Content-Length': '0' };
  drop(await session.request('PUT', done.href, { headers, body: '', signal: options.signal, accept: [201, 204] }));
  return 'pushed';
}

// The place to send to; null: the blob was mounted.
async function startUpload({ session, base, descriptor, options }: Upload): Promise<string | null> {
  const { signal } = options;
  for (const from of options.mountFrom ?? []) {
    const query = new URLSearchParams({ mount: descriptor.digest, from });
    try {
      const response = await session.request('POST', `${base}/blobs/uploads/?${query}`, { signal, accept: [201, 202] });
      drop(response);
      if (response.status === 201) return null;
      return locationOf(response, session);
    } catch (error) {
      // Not allowed to read there: send it.
      if (!(error instanceof RegistryError)) throw error;
    }
  }
  const response = await session.request('POST', `${base}/blobs/uploads/`, { signal, accept: [202] });
  drop(response);
  return locationOf(response, session);
}

async function sendFrom({ session, descriptor, open, options }: Upload, location: string, offset: number): Promise<string> {
  if (offset >= descriptor.size) return location;
  const stream = counted(await open(offset), offset, options.progress);
  const headers: Record<string, string> = { 'Content-Type': 'application/octet-stream' };
  if (offset > 0) headers['Content-Range'] = `${offset}-${descriptor.size - 1}`;
  const response = await session.request('PATCH', location, { headers, stream, signal: options.signal, accept: [201, 202, 204] });
  drop(response);
  return locationOf(response, session);
}

async function whereIs({ session, options }: Upload, location: string): Promise<{ readonly location: string; readonly offset: number }> {
  const response = await session.request('GET', location, { signal: options.signal, accept: [204, 202] });
  drop(response);
  const end = /^(?:bytes=)?0-(\d+)$/.exec(response.headers.get('range') ?? '');
  const last = end === null ? 0 : Number(end[1]);
  return { location: response.headers.has('location') ? locationOf(response, session) : location, offset: last === 0 ? 0 : last + 1 };
}

function isPassing(error: unknown): boolean {
  return (
    error instanceof ConnectionError ||
    (error instanceof RegistryError && (error.status >= 500 || error.status === 429 || error.status === 416))
  );
}

// Where the registry wants the bytes; it may be another host, but not one without TLS when it has TLS itself.
function locationOf(response: Response, session: Session): string {
  const text = response.headers.get('location');
  if (text === null) throw new EngineError('InvalidArgument', 'the registry did not say where to send the blob');
  const url = new URL(text, session.origin);
  if (session.origin.startsWith('https:') && url.protocol !== 'https:') {
    // A registry behind a proxy that ends TLS does not know of it: its own host, so the same way in as before.
    if (url.host !== new URL(session.origin).host)
      throw new EngineError('InvalidArgument', `the registry sent an upload to plain HTTP, which is refused: ${url.origin}`);
    url.protocol = 'https:';
  }
  return url.href;
}

function counted(
  stream: ReadableStream<Uint8Array>,
  offset: number,
  progress: ((bytes: number) => void) | undefined,
): ReadableStream<Uint8Array> {
  if (progress === undefined) return stream;
  const reader = stream.getReader();
  let sent = offset;
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { done, value } = await reader.read();
        if (done) return controller.close();
        sent += value.length;
        progress(sent);
        controller.enqueue(value);
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  );
}
